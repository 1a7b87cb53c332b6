#pragma once

#include <memory>
#include <string>
#include <vector>

#include "webhook/admission/rules.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

/// What somebody is about to write or delete. Of the two pointers the one of its kind counts; null:
/// the object is deleted.
struct ProposedChange {
    enum class Kind { Registry, RegistryTenancy };
    Kind kind = Kind::RegistryTenancy;
    std::string name;
    std::shared_ptr<tenancy::Registry const> registry{};
    std::shared_ptr<tenancy::RegistryTenancy const> tenancy{};
};

/// Reads the `request` of an AdmissionReview. nullopt: not about rules that anything is judged by,
/// or an object that can't be read (which its own errors say).
[[nodiscard]] std::optional<ProposedChange> proposed_change(Json const& request);

/// How a namespace is judged before and after a change; null: nothing governs it.
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
