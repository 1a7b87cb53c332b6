#include "webhook/admission/rules.hpp"

#include <algorithm>
#include <array>

#include "lib/tenancy/judge.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "webhook/admission/pod_images.hpp"

namespace rt::webhook {
namespace {

constexpr std::array<Rule, 7> gates{not_judged,          excluded_namespace, nothing_new,
                                    index_unusable,      unknown_namespace,  unreadable_tenancy,
                                    ungoverned_namespace};

Decision allowed() {
    return {};
}

Decision unavailable(std::string_view what, NamespaceRules const* rules) {
    Decision decision;
    decision.outcome = Outcome::Denied;
    decision.reason = tenancy::Reason::PolicyUnavailable;
    decision.unavailable = what;
    decision.rules = rules;
    return decision;
}

bool creates_pod(Review const& review) {
    return review.target == Target::Pod && review.operation == Operation::Create;
}

std::optional<tenancy::Finding> judge_image(ContainerImage const& image, RuleInput const& input,
                                            tenancy::NamespacePolicy const& policy) {
    auto judgement = tenancy::judge_image(policy, image.image, input.settings.image_rules);
    if (judgement.finding) {
        judgement.finding->field = field_path(input.review, image);
        judgement.finding->name = image.name;
    }
    return std::move(judgement.finding);
}

void denials_first(std::vector<tenancy::Finding>& findings) {
    std::stable_partition(findings.begin(), findings.end(),
                          [](auto const& finding) { return tenancy::denies(finding.reason); });
}

void judge_pull_secrets(RuleInput const& input, tenancy::NamespacePolicy const& policy,
                        std::vector<tenancy::Finding>& findings) {
    auto const& named = input.review.object.pod.pull_secrets;
    for (std::size_t const index : input.pull_secrets) {
        if (auto finding = tenancy::judge_pull_secret(policy.pull_secrets(), named[index].name)) {
            finding->field = pull_secret_path(input.review, named[index]);
            findings.push_back(std::move(*finding));
        }
    }
    if (creates_pod(input.review) && policy.wants_pull_secret() && !input.review.object.mirror &&
        !names_our_secret(named)) {
        findings.push_back(tenancy::missing_secret(pull_secrets_path(input.review)));
    }
}

}  // namespace

AdmissionSettings AdmissionSettings::from(tenancy::Settings const& settings) {
    AdmissionSettings result;
    result.unmanaged = settings.unmanaged_namespaces;
    result.excluded = settings.excluded_namespaces;
    result.excluded.emplace_back("kube-system");
    result.excluded.push_back(settings.product_namespace);
    std::sort(result.excluded.begin(), result.excluded.end());
    result.staleness_max = settings.webhook.staleness_max;
    result.timeout = settings.webhook.timeout;
    result.grace = settings.grace;
    result.exception_life_max = settings.exception_life_max;
    result.cluster_name = settings.cluster_name;
    result.custom_kinds = settings.custom_kinds;
    return result;
}

bool AdmissionSettings::excludes(std::string_view ns) const {
    return std::binary_search(excluded.begin(), excluded.end(), ns, std::less<>{});
}

bool names_our_secret(std::span<PullSecretName const> named) {
    return std::any_of(named.begin(), named.end(), [](PullSecretName const& secret) {
        return secret.name == tenancy::pull_secret_name;
    });
}

std::span<Rule const> gate_rules() {
    return gates;
}

bool usable(PolicyView const& view, AdmissionSettings const& settings) {
    return view.synced && view.index && view.age <= settings.staleness_max;
}

std::optional<Decision> not_judged(RuleInput const& input) {
    return input.review.target == Target::None ? std::optional(allowed()) : std::nullopt;
}

std::optional<Decision> excluded_namespace(RuleInput const& input) {
    return input.settings.excludes(input.review.ns) ? std::optional(allowed()) : std::nullopt;
}

std::optional<Decision> nothing_new(RuleInput const& input) {
    bool const nothing = input.images.empty() && input.pull_secrets.empty() &&
                         input.review.operation == Operation::Update;
    return nothing ? std::optional(allowed()) : std::nullopt;
}

std::optional<Decision> index_unusable(RuleInput const& input) {
    if (usable(input.view, input.settings)) {
        return std::nullopt;
    }
    return unavailable(input.view.synced && input.view.index
                           ? "its view of the cluster could not be proven current lately"
                           : "it has not yet read the cluster's tenancies and namespaces",
                       // Too old to decide by, good enough to say whom to ask.
                       input.view.index ? input.view.index->find(input.review.ns) : nullptr);
}

std::optional<Decision> unknown_namespace(RuleInput const& input) {
    if (input.view.index->find(input.review.ns) != nullptr) {
        return std::nullopt;
    }
    Decision decision = unavailable("it does not know this namespace yet", nullptr);
    decision.outcome = Outcome::NamespaceUnknown;
    return decision;
}

std::optional<Decision> unreadable_tenancy(RuleInput const& input) {
    NamespaceRules const* const rules = input.view.index->find(input.review.ns);
    if (!rules->unreadable) {
        return std::nullopt;
    }
    return unavailable("a RegistryTenancy that selects this namespace cannot be read", rules);
}

std::optional<Decision> ungoverned_namespace(RuleInput const& input) {
    NamespaceRules const* const rules = input.view.index->find(input.review.ns);
    if (rules->policy) {
        return std::nullopt;
    }
    Decision decision;
    decision.rules = rules;
    if (input.settings.unmanaged == tenancy::UnmanagedNamespaces::Allow) {
        return decision;
    }
    for (ContainerImage const* const image : input.images) {
        auto const opened = rules->exceptions ? judge_image(*image, input, *rules->exceptions)
                                              : std::optional<tenancy::Finding>();
        decision.findings.push_back(opened && opened->reason == tenancy::Reason::Exception
                                        ? *opened
                                        : tenancy::no_tenancy(field_path(input.review, *image),
                                                              std::string(image->name),
                                                              image->image));
    }
    if (decision.findings.empty()) {
        decision.findings.push_back(tenancy::no_tenancy(pull_secrets_path(input.review), {}, {}));
    }
    denials_first(decision.findings);
    decision.reason = decision.findings.front().reason;
    decision.outcome = tenancy::denies(*decision.reason) ? Outcome::Denied : Outcome::Warned;
    return decision;
}

std::size_t grandfathered_in(RuleInput const& input) {
    auto const& images = input.review.object.pod.images;
    if (input.review.operation != Operation::Update || input.images.size() == images.size() ||
        input.settings.excludes(input.review.ns) || !usable(input.view, input.settings)) {
        return 0;
    }
    NamespaceRules const* const rules = input.view.index->find(input.review.ns);
    if (rules == nullptr || !rules->policy) {
        return 0;
    }
    auto judged = input.images.begin();  // in the order of the object, too
    return static_cast<std::size_t>(
        std::count_if(images.begin(), images.end(), [&](ContainerImage const& image) {
            if (judged != input.images.end() && *judged == &image) {
                ++judged;
                return false;
            }
            auto const reference =
                tenancy::ImageReference::parse(image.image, input.settings.image_rules);
            return !image.image.empty() &&
                   (!reference || !rules->policy->judge(*reference).allowed());
        }));
}

std::vector<tenancy::Finding> findings_of(RuleInput const& input,
                                          tenancy::NamespacePolicy const& policy) {
    std::vector<tenancy::Finding> findings;
    for (ContainerImage const* const image : input.images) {
        if (auto finding = judge_image(*image, input, policy)) {
            findings.push_back(std::move(*finding));
        }
    }
    judge_pull_secrets(input, policy, findings);
    denials_first(findings);
    return findings;
}

}  // namespace rt::webhook
