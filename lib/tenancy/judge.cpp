#include "lib/tenancy/judge.hpp"

#include <algorithm>

#include "lib/tenancy/names_fixed.hpp"

namespace rt::tenancy {

ImageJudgement judge_image(NamespacePolicy const& policy, std::string_view image,
                           ImageReferenceRules rules) {
    auto const reference = ImageReference::parse(image, rules);
    if (!reference) {
        return {unparseable({}, {}, image, reference.error()), {}};
    }
    Verdict const verdict = policy.judge(*reference);
    if (verdict.kind == Verdict::Kind::Allowed) {
        return {std::nullopt, verdict};
    }
    return {finding_of({}, {}, *reference, verdict, policy), verdict};
}

bool allows_pull_secret(PullSecretsPolicy const& policy, std::string_view secret) {
    return !policy.listed || secret.empty() || secret == pull_secret_name ||
           std::binary_search(policy.allowed.begin(), policy.allowed.end(), secret, std::less<>{});
}

std::optional<Finding> judge_pull_secret(PullSecretsPolicy const& policy, std::string_view secret) {
    if (!allows_pull_secret(policy, secret)) {
        return foreign_secret({}, secret);
    }
    return policy.listed || secret.empty() || secret == pull_secret_name
               ? std::nullopt
               : std::optional(other_secret({}, secret));
}

bool denies(Reason reason) {
    return reason != Reason::Deprecated && reason != Reason::Exception &&
           reason != Reason::OtherSecret;
}

}  // namespace rt::tenancy
