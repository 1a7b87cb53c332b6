#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/random.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "lib/tenancy/settings.hpp"
#include "operator/cloud/token_source.hpp"
#include "operator/events.hpp"
#include "operator/metrics.hpp"
#include "operator/proof/proof_board.hpp"
#include "operator/tenancy/carry_out.hpp"
#include "operator/tenancy/cluster_view.hpp"
#include "operator/tenancy/mint_budget.hpp"
#include "operator/tenancy/plan.hpp"
#include "operator/tenancy/status.hpp"

namespace rt::op {

/// What the reconciler works with; all of it outlives it.
struct ReconcilerContext {
    kube::Client& api;
    CredentialSource& source;
    ClusterView& view;
    ResultBoard& board;
    ProofBoard const& proofs;
    MintBudget& budget;
    EventSink& events;
    OperatorMetrics& metrics;
    Clock& clock;
    Random& random;
    tenancy::Settings const& settings;
    std::string cluster;
    /// The status of these may have changed.
    std::function<void(ResultBoard::Touched const& touched)> status_changed;
    /// Asked before each mint: what is minted by one who may not write any more is lost.
    std::function<bool()> leading = [] { return true; };
};

/// Makes one namespace true: grant first, then narrowing, then credentials, each step idempotent
/// and safe to be interrupted after. One call per namespace at a time (the work queue sees to it);
/// calls for different namespaces run side by side.
class NamespaceReconciler {
  public:
    explicit NamespaceReconciler(ReconcilerContext context);
    kube::Outcome reconcile(std::string const& ns, std::stop_token const& stop);
    /// Tells in the grant of a mint that has been under way for over ten seconds; to be called
    /// every second or so, from any thread. Returns the namespaces in question, to be looked at
    /// again: should a mint end meanwhile, what is told of it is too late.
    std::vector<std::string> tell_slow_mints(std::stop_token const& stop);

  private:
    /// What is remembered of one namespace between calls. Losing it loses no credential: failures
    /// are tried again, a grace and the drift budget start anew.
    struct Memory {
        MintFailures failures;
        std::map<std::string, SteadyTime>
            waiting_since;  ///< failure_key -> since when it is missing
        std::optional<SteadyTime> leaving_since;
        std::optional<TokenBucket> drift;
        std::string secret_uid;  ///< of the Secret that was there: gone later means deleted by hand
        bool drift_paid = false;  ///< the budget was charged for the present drift
    };
    /// One reconcile of a governed namespace.
    struct Round;
    /// A mint that is under way, and the grant to write should it be slow.
    struct InFlight {
        SteadyTime since;
        std::shared_ptr<Json const> grant_if_slow;
        bool told = false;
    };

    std::shared_ptr<Memory> memory_of(std::string const& ns);
    void forget(std::string const& ns);

    [[nodiscard]] std::vector<tenancy::ActiveException> active_exceptions(
        Gathered const& gathered) const;
    kube::Outcome ungoverned(Gathered const& gathered, std::stop_token const& stop);
    kube::Outcome leave(Gathered const& gathered, Memory& memory, std::stop_token const& stop);
    kube::Outcome keep(Gathered gathered, tenancy::NamespacePolicy const& policy, Memory& memory,
                       std::stop_token const& stop);
    Result<void> check_drift(Round& round);
    Result<void> write_grant(Round& round, std::vector<GrantProblem> problems);
    Result<void> read_existing(Round& round);
    /// Takes out what is not wanted any more, and what has expired by `expired_by`.
    Result<void> prune(Round& round, WallTime expired_by);
    Result<void> mint(Round& round);
    void mint_one(Round& round, std::size_t index);
    void remember_failure(Round& round, std::size_t index, Error const& error);
    void remember_unwritten(Round& round);
    Result<void> write_minted(Round& round);
    Result<void> write_content(Round& round, SecretContent content);
    Result<void> drop_secret(Round& round);
    std::vector<GrantProblem> all_problems(Round const& round) const;
    kube::Outcome finish(Round& round);
    kube::Outcome give_up(Round& round, Error const& error);

    ReconcilerContext context_;
    CarryOut carry_out_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Memory>> memories_;
    std::map<std::string, InFlight> in_flight_;
};

}  // namespace rt::op
