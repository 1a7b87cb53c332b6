#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/tenancy/validation.hpp"
#include "webhook/admission/rules.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

/// What somebody is about to write or delete. Of the three objects the one of its kind counts;
/// none: it is deleted, or an exception that has ended.
struct ProposedChange {
    enum class Kind { Registry, RegistryTenancy, RegistryException };
    Kind kind = Kind::RegistryTenancy;
    std::string name;
    std::shared_ptr<tenancy::Registry const> registry{};
    std::shared_ptr<tenancy::RegistryTenancy const> tenancy{};
    std::optional<tenancy::ActiveException> exception{};
};

/// Reads the `request` of an AdmissionReview. nullopt: not about rules that anything is judged by,
/// or an object that can't be read (which its own errors say).
[[nodiscard]] std::optional<ProposedChange> proposed_change(Json const& request,
                                                            tenancy::ExceptionClock const& clock);

/// How a namespace is judged before and after a change; null: nothing governs it, and no exception
/// opens it where unmanagedNamespaces is Deny.
struct NamespaceChange {
    using Policy = std::shared_ptr<tenancy::NamespacePolicy const>;
    std::string ns;
    Policy before{};
    Policy after{};
};

/// The namespaces that are judged by other rules once the change holds, sorted by name. Pure. Says
/// nothing about excluded namespaces and those that a tenancy which can't be read selects.
[[nodiscard]] std::vector<NamespaceChange> what_if(TenancyIndex const& index,
                                                   ProposedChange const& change,
                                                   AdmissionSettings const& settings);

}  // namespace rt::webhook
