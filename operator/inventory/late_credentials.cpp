#include "operator/inventory/late_credentials.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

using std::chrono::seconds;

constexpr seconds pull_pause_min{10};
constexpr seconds pull_pause_max{300};
/// A Pod whose next try is nearer than this is not worth replacing.
constexpr seconds evict_from{30};
/// How soon to ask again where a disruption budget forbids an eviction.
constexpr seconds evict_again{30};
/// Evictions of one look; the rest follows a moment later.
constexpr int evictions_max = 20;
constexpr seconds next_batch{5};

void add_once(std::vector<std::string>& to, std::string const& name) {
    if (std::find(to.begin(), to.end(), name) == to.end()) {
        to.push_back(name);
    }
}

}  // namespace

seconds next_pull_within(WallTime created, WallTime now) {
    auto const waited = std::chrono::ceil<seconds>(now - created);
    return std::clamp(waited + pull_pause_min, pull_pause_min, pull_pause_max);
}

LateCredentials::Standing LateCredentials::standing_of(WaitingPod const& pod,
                                                       tenancy::NamespacePolicy const& policy,
                                                       Gathered const& gathered, WallTime now) {
    Standing standing;
    for (std::string const& image : pod.images) {
        auto const reference = tenancy::ImageReference::parse(image, {});
        if (!reference) {
            continue;
        }
        tenancy::Verdict const verdict = policy.judge(*reference);
        // Images that nothing here gives a credential for wait for something else.
        if (!verdict.allowed() || verdict.registry == nullptr ||
            !verdict.registry->has_credentials) {
            continue;
        }
        auto const live = [&](CredentialRecord const& credential) {
            return credential.registry == verdict.registry->name && !credential.expired(now);
        };
        bool const ready = gathered.secret && gathered.secret->ours &&
                           std::any_of(gathered.secret->credentials.begin(),
                                       gathered.secret->credentials.end(), live);
        add_once(ready ? standing.ready : standing.missing, verdict.registry->name);
    }
    return standing;
}

kube::Outcome LateCredentials::reconcile(std::string const& ns, std::stop_token const& stop) {
    std::vector<WaitingPod> const pods = context_.waiting.of(ns);
    if (pods.empty()) {
        return kube::Outcome::done();
    }
    Gathered const gathered = context_.view.gather(ns);
    WallTime const now = context_.clock.wall_now();
    auto const policy = policy_in_force(gathered, now, context_.exception_life_max);
    if (!policy) {
        return kube::Outcome::done();
    }
    int evictions = 0;
    bool again = false;
    for (WaitingPod const& pod : pods) {
        Standing const standing = standing_of(pod, *policy, gathered, now);
        auto mark = context_.waiting.mark_of(pod.uid);
        if (!standing.missing.empty()) {
            mark.seen_without = true;
            context_.waiting.mark(pod.uid, mark);
            continue;
        }
        // A Pod that waits beside a credential that was there before it waits for something else.
        bool const late =
            mark.seen_without || (gathered.secret && gathered.secret->created >= pod.created);
        if (standing.ready.empty() || !late) {
            continue;
        }
        if (!mark.told) {
            mark.told = true;
            context_.waiting.mark(pod.uid, mark);
            tell(ns, pod, standing);
        }
        bool const worth_it = !pod.names_secret || next_pull_within(pod.created, now) >= evict_from;
        if (!context_.evict || !pod.replaceable || !worth_it) {
            continue;
        }
        if (++evictions > evictions_max) {
            return kube::Outcome::after(next_batch);
        }
        again = !evict(ns, pod, stop) || again;
    }
    return again ? kube::Outcome::after(evict_again) : kube::Outcome::done();
}

void LateCredentials::tell(std::string const& ns, WaitingPod const& pod, Standing const& standing) {
    std::string const what = "The credential for " + join(standing.ready, ", ") + " is ready";
    if (!pod.names_secret) {
        context_.events.on_pod(
            ns, pod.name, pod.uid, true, "PullSecretNotNamed",
            what +
                ", but this Pod was made before a RegistryTenancy governed its namespace and "
                "does not name the pull Secret " +
                std::string(tenancy::pull_secret_name) +
                ": it can never pull. Delete it, so that it is made anew.");
        return;
    }
    auto const within = next_pull_within(pod.created, context_.clock.wall_now());
    context_.events.on_pod(ns, pod.name, pod.uid, false, "CredentialReady",
                           what + "; this Pod came before it. The kubelet tries again within " +
                               std::to_string(within.count()) + " s.");
}

bool LateCredentials::evict(std::string const& ns, WaitingPod const& pod,
                            std::stop_token const& stop) {
    // With the version that was seen: a Pod that has started meanwhile is left alone.
    Json const eviction = {
        {"apiVersion", "policy/v1"},
        {"kind", "Eviction"},
        {"metadata", {{"name", pod.name}, {"namespace", ns}}},
        {"deleteOptions",
         {{"preconditions", {{"uid", pod.uid}, {"resourceVersion", pod.resource_version}}}}}};
    auto const result = context_.api.create_subresource(kube::types::pods, {ns, pod.name},
                                                        "eviction", eviction, stop);
    if (result) {
        log_info("Evicted a Pod that came before its credential",
                 {{"namespace", ns}, {"pod", pod.name}});
        context_.events.on_pod(ns, pod.name, pod.uid, false, "Replaced",
                               "Evicted, so that its controller makes another Pod, which pulls at "
                               "once. Nothing of this one had started.");
        return true;
    }
    ErrorKind const kind = result.error().kind;
    if (kind == ErrorKind::NotFound || kind == ErrorKind::Conflict ||
        kind == ErrorKind::Cancelled) {
        return true;
    }
    log_warn("A Pod that came before its credential could not be evicted",
             {{"namespace", ns}, {"pod", pod.name}, {"error", result.error().message}});
    // Without the right there is no use in asking again.
    return kind == ErrorKind::Forbidden;
}

}  // namespace rt::op
