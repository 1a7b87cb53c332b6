#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operator/tenancy/records.hpp"
#include "operator/tenancy/rules.hpp"

namespace rt::op {

using NamespaceMap = std::unordered_map<std::string, NamespaceRecord>;

/// From an event to the namespaces that must be looked at again. Pure. Each takes O(namespaces) at
/// most, and only where a label selector or a baseline is involved.

/// A tenancy appeared, changed or went: those that it governed or governs. Either may be null.
[[nodiscard]] std::vector<std::string> namespaces_of_change(tenancy::RegistryTenancy const* before,
                                                            tenancy::RegistryTenancy const* after,
                                                            Rules const& rules,
                                                            NamespaceMap const& namespaces);
/// A Registry appeared, changed or went: those governed by a tenancy that names it.
[[nodiscard]] std::vector<std::string> namespaces_of_registry(std::string_view registry,
                                                              Rules const& rules,
                                                              NamespaceMap const& namespaces);
/// A Secret in our own namespace changed: the Registries that take their identity from it.
[[nodiscard]] std::vector<std::string> registries_of_source_secret(std::string_view secret,
                                                                   Rules const& rules);
/// The name of the Secret in our own namespace that a Registry takes its identity from, or empty.
[[nodiscard]] std::string source_secret_of(tenancy::Registry const& registry);
/// Every namespace that some tenancy governs.
[[nodiscard]] std::vector<std::string> governed_namespaces(Rules const& rules,
                                                           NamespaceMap const& namespaces);
/// Puts first who has no credential, then by whose ends first: after an outage more may be due than
/// can be minted at once, and what has time must not stand before what has none.
void most_urgent_first(std::vector<std::string>& namespaces,
                       std::unordered_map<std::string, SecretRecord> const& secrets);

}  // namespace rt::op
