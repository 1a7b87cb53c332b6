#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "operator/events.hpp"
#include "operator/inventory/waiting_pods.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {

/// What it works with; all of it outlives it.
struct LateCredentialsContext {
    kube::Client& api;
    ClusterView const& view;
    WaitingPods& waiting;
    EventSink& events;
    Clock& clock;
    std::chrono::seconds exception_life_max;
    /// Evict Pods that the credential came too late for (setting operator.waitingPods: Evict).
    bool evict = false;
};

/// When the kubelet asks for an image again at the latest. Its back-off per image starts at 10 s
/// and doubles up to 5 minutes, so the next pause is never longer than what the Pod has waited
/// already, and 10 s.
[[nodiscard]] std::chrono::seconds next_pull_within(WallTime created, WallTime now);

/// Helps Pods that hang in ImagePullBackOff because they came before their credential: tells on
/// each, once, that it is there and when the kubelet tries again, and evicts it where the settings
/// ask for that. Only Pods of which nothing has run are evicted, only where a controller makes
/// another one, and through the eviction API, which holds disruption budgets.
class LateCredentials {
  public:
    explicit LateCredentials(LateCredentialsContext context) : context_(context) {}

    /// One call per namespace at a time (the work queue sees to it).
    kube::Outcome reconcile(std::string const& ns, std::stop_token const& stop);

  private:
    /// What there is of credentials for what a Pod cannot pull.
    struct Standing {
        std::vector<std::string> ready;    ///< Registries with a live credential
        std::vector<std::string> missing;  ///< Registries without
    };
    [[nodiscard]] static Standing standing_of(WaitingPod const& pod,
                                              tenancy::NamespacePolicy const& policy,
                                              Gathered const& gathered, WallTime now);
    void tell(std::string const& ns, WaitingPod const& pod, Standing const& standing);
    /// False where a disruption budget forbids it for now.
    bool evict(std::string const& ns, WaitingPod const& pod, std::stop_token const& stop);

    LateCredentialsContext context_;
};

}  // namespace rt::op
