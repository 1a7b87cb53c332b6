#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/tenancy/settings.hpp"
#include "webhook/admission/decision.hpp"
#include "webhook/admission/review.hpp"

namespace rt::webhook {

/// The part of the settings that decisions depend on.
struct AdmissionSettings {
    tenancy::UnmanagedNamespaces unmanaged = tenancy::UnmanagedNamespaces::Allow;
    std::vector<std::string> excluded{};  ///< sorted
    std::chrono::milliseconds staleness_max{150'000};
    std::chrono::milliseconds timeout{3'000};  ///< where the request names none
    tenancy::ImageReferenceRules image_rules{};
    std::chrono::seconds grace{60};
    std::chrono::seconds exception_life_max{std::chrono::hours(24 * 30)};
    std::string cluster_name{};  ///< for role templates; may be empty
    tenancy::CustomKinds custom_kinds{};

    static AdmissionSettings from(tenancy::Settings const& settings);
    [[nodiscard]] bool excludes(std::string_view ns) const;
};

/// What every rule sees.
struct RuleInput {
    Review const& review;
    PolicyView const& view;
    AdmissionSettings const& settings;
    std::span<ContainerImage const* const> images;  ///< images_to_judge()
    std::span<std::size_t const> pull_secrets;      ///< new_pull_secrets()
};

/// Settles the request, or leaves it to the next rule.
using Rule = std::optional<Decision> (*)(RuleInput const&);

/// The rules that settle a request before any image is looked at, in the order in which they are
/// asked.
[[nodiscard]] std::span<Rule const> gate_rules();

// The gates by name, for tests and readers.
/// Another resource or operation than those we judge.
[[nodiscard]] std::optional<Decision> not_judged(RuleInput const& input);
/// kube-system, our own namespace and the setting: what nodes need before we can run.
[[nodiscard]] std::optional<Decision> excluded_namespace(RuleInput const& input);
/// An update that brings no new image must pass even when nothing is known: finalizers and labels.
[[nodiscard]] std::optional<Decision> nothing_new(RuleInput const& input);
/// The index never was complete, or has not been proven to be for too long.
[[nodiscard]] std::optional<Decision> index_unusable(RuleInput const& input);
[[nodiscard]] std::optional<Decision> unknown_namespace(RuleInput const& input);
/// A tenancy of the namespace can't be read.
[[nodiscard]] std::optional<Decision> unreadable_tenancy(RuleInput const& input);
[[nodiscard]] std::optional<Decision> ungoverned_namespace(RuleInput const& input);

/// Judges images and pull Secrets of a governed namespace.
[[nodiscard]] std::vector<tenancy::Finding> findings_of(RuleInput const& input,
                                                        tenancy::NamespacePolicy const& policy);

/// How many images an update left unchanged that the policy of the namespace would refuse now. Such
/// images are never refused; they are counted, so that the end of a migration can be seen.
[[nodiscard]] std::size_t grandfathered_in(RuleInput const& input);

[[nodiscard]] bool names_our_secret(std::span<PullSecretName const> named);

/// Whether the index may be used at all.
[[nodiscard]] bool usable(PolicyView const& view, AdmissionSettings const& settings);

}  // namespace rt::webhook
