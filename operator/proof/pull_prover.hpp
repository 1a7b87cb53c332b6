#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/http/transport.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "lib/registry/questions.hpp"
#include "operator/inventory/running_images.hpp"
#include "operator/metrics.hpp"
#include "operator/proof/proof_board.hpp"
#include "operator/tenancy/cluster_view.hpp"
#include "operator/tenancy/mint_budget.hpp"
#include "operator/tenancy/pull_secret.hpp"

namespace rt::op {

/// What the prover works with; all of it outlives it.
struct PullProverContext {
    kube::Client& api;
    http::Transport& registries;  ///< trusts the system's and the configured CAs
    ClusterView& view;
    RunningImages& running;
    ProofBoard& board;
    OperatorMetrics& metrics;
    Clock& clock;
    std::chrono::seconds exception_life_max;
    /// Of all registries together; 0: none is asked, and each finding says so.
    double checks_per_second;
    std::string cluster;
    /// Statuses, and where `problems` the namespace's grant, may have changed.
    std::function<void(std::string const& ns, ProofBoard::Touched const& touched)> changed;
};

/// Asks registries whether the credentials in pull Secrets can pull, and whether one can without
/// them. Each credential is asked about once it is new, and again only while something is wrong. It
/// works on a queue and threads of its own: no mint ever waits for it, and whatever becomes of it
/// changes no Secret. The credential is read from the Secret when its turn comes, so that none
/// waits in memory.
class PullProver {
  public:
    explicit PullProver(PullProverContext context);
    /// One call per namespace at a time (the work queue sees to it).
    kube::Outcome reconcile(std::string const& ns, std::stop_token const& stop);

  private:
    /// What is remembered of one credential.
    struct Checked {
        std::optional<WallTime> issued_at;           ///< of the one asked about last
        std::vector<tenancy::AllowEntry> entries{};  ///< asked about then
        int failures = 0;                            ///< in a row
        std::optional<SteadyTime> next{};            ///< when to ask again without any event
        std::optional<ProofFinding> finding{};
    };
    using Memory = std::map<std::string, Checked>;  ///< by failure_key()
    struct Round;
    /// How a host lets one in, as it was a moment ago.
    struct Known {
        Result<registry::Door> door;
        SteadyTime until;
    };

    void look_at(Round& round, CredentialNeed const& need);
    /// nullopt: not now.
    std::optional<registry::Verdict> check(Round& round, CredentialNeed const& need,
                                           registry::Questions const& questions);
    void settle(Round& round, Checked& checked, CredentialNeed const& need,
                registry::Questions const& questions, registry::Verdict const& verdict);
    Result<registry::Door> door_of(tenancy::Registry const& registry, std::string const& host,
                                   std::stop_token const& stop);
    kube::Outcome forget(std::string const& ns);

    PullProverContext context_;
    std::mutex mutex_;
    TokenBucket budget_;
    std::map<std::string, Known> doors_;
    std::map<std::string, std::shared_ptr<Memory>> memories_;
};

}  // namespace rt::op
