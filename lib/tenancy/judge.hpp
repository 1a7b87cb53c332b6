#pragma once

#include <optional>
#include <string_view>

#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::tenancy {

/// How one image fares in a governed namespace.
struct ImageJudgement {
    /// nullopt: allowed without a word. `field` and `name` are the caller's to fill in: only
    /// findings need them, and most images have none.
    std::optional<Finding> finding;
    /// Points into the policy; RegistryUnknown where the reference cannot be read.
    Verdict verdict;
};

/// Reads an image reference and asks the policy. The one place where admission, inventory and
/// command line get their answer from. Allocates nothing for an image that is allowed.
[[nodiscard]] ImageJudgement judge_image(NamespacePolicy const& policy, std::string_view image,
                                         ImageReferenceRules rules = {});

/// Whether a Pod may name this pull Secret: ours always, any other as the tenancies say.
[[nodiscard]] bool allows_pull_secret(PullSecretsPolicy const& policy, std::string_view secret);

/// What there is to say about a pull Secret that a Pod names, without `field`: foreign where the
/// tenancies list others, a warning where any may be named, nothing about ours and listed ones.
[[nodiscard]] std::optional<Finding> judge_pull_secret(PullSecretsPolicy const& policy,
                                                       std::string_view secret);

/// Whether a finding for this reason denies where enforcement is Deny, or only warns.
[[nodiscard]] bool denies(Reason reason);

}  // namespace rt::tenancy
