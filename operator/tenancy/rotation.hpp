#pragma once

#include <string>
#include <string_view>

#include "lib/kube/core/object.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::op {

/// On a RegistryTenancy: another value has all its credentials minted anew.
inline constexpr std::string_view rotate_annotation = "registrytenancy.dev/rotate";

/// The annotation's value; empty where it is missing.
[[nodiscard]] std::string_view rotation_value(kube::ObjectMeta const& tenancy);

/// A digest over the values of all tenancies behind a credential, whatever their order and length.
/// It changes with each of them. Empty where none has one. `policy`: that `spec` came from.
[[nodiscard]] std::string rotation_of(tenancy::CredentialSpec const& spec,
                                      tenancy::NamespacePolicy const& policy);

}  // namespace rt::op
