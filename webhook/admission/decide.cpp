#include "webhook/admission/decide.hpp"

#include <algorithm>

#include "lib/tenancy/judge.hpp"
#include "webhook/admission/pod_images.hpp"

namespace rt::webhook {
namespace {

Outcome outcome_of(tenancy::Enforcement enforcement) {
    switch (enforcement) {
        case tenancy::Enforcement::Audit:
            return Outcome::Audited;
        case tenancy::Enforcement::Warn:
            return Outcome::Warned;
        case tenancy::Enforcement::Deny:
            break;
    }
    return Outcome::Denied;
}

}  // namespace

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::Allowed:
            return "allowed";
        case Outcome::Warned:
            return "warned";
        case Outcome::Audited:
            return "audited";
        case Outcome::NamespaceUnknown:
            return "suspended";
        case Outcome::Denied:
            break;
    }
    return "denied";
}

Decision decide(Review const& review, PolicyView const& view, AdmissionSettings const& settings) {
    std::vector<ContainerImage const*> images;
    std::vector<std::size_t> pull_secrets;
    if (review.target != Target::None) {
        images = images_to_judge(review);
        pull_secrets = new_pull_secrets(review);
    }
    RuleInput const input{review, view, settings, images, pull_secrets};
    for (Rule const gate : gate_rules()) {
        if (auto settled = gate(input)) {
            settled->images_total = review.object.pod.images.size();
            settled->grandfathered = grandfathered_in(input);
            return *std::move(settled);
        }
    }
    Decision decision;
    decision.rules = view.index->find(review.ns);
    decision.images_total = review.object.pod.images.size();
    decision.grandfathered = grandfathered_in(input);
    tenancy::NamespacePolicy const& policy = *decision.rules->policy;
    decision.findings = findings_of(input, policy);
    if (decision.findings.empty()) {
        return decision;
    }
    decision.reason = decision.findings.front().reason;
    decision.outcome =
        tenancy::denies(*decision.reason) ? outcome_of(policy.enforcement()) : Outcome::Warned;
    return decision;
}

Decision give_up_waiting(Decision decision) {
    decision.outcome = Outcome::Denied;
    decision.reason = tenancy::Reason::PolicyUnavailable;
    return decision;
}

namespace {

Decision unavailable(std::string_view what) {
    Decision decision;
    decision.outcome = Outcome::Denied;
    decision.reason = tenancy::Reason::PolicyUnavailable;
    decision.unavailable = what;
    return decision;
}

}  // namespace

Decision deny_unreadable() {
    return unavailable("the request cannot be understood");
}

Decision deny_failed() {
    return unavailable("the webhook met an error of its own");
}

Injection decide_injection(Review const& review, PolicyView const& view,
                           AdmissionSettings const& settings) {
    Injection injection;
    bool const new_pod = review.target == Target::Pod && review.operation == Operation::Create;
    // The API server refuses Secret references in mirror Pods.
    if (!new_pod || review.object.mirror || !review.object.pod.present ||
        settings.excludes(review.ns)) {
        return injection;
    }
    NamespaceRules const* const rules =
        usable(view, settings) ? view.index->find(review.ns) : nullptr;
    bool const wanted = rules == nullptr || rules->unreadable ||
                        (rules->policy && rules->policy->wants_pull_secret());
    injection.pull_secret = wanted && !names_our_secret(review.object.pod.pull_secrets);
    auto const& images = review.object.pod.images;
    injection.pull_always =
        rules != nullptr && rules->policy && rules->policy->pull_always() &&
        std::any_of(images.begin(), images.end(),
                    [](ContainerImage const& image) { return image.pull_policy != "Always"; });
    return injection;
}

}  // namespace rt::webhook
