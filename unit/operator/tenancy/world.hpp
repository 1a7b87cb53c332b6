#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/metrics.hpp"
#include "operator/tenancy/reconciler.hpp"
#include "operator/tenancy/status_writer.hpp"
#include "unit/operator/tenancy/objects.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::op::test {

/// Mints what the test says; by default always succeeds with a password that is new each time.
class ScriptedSource final : public CredentialSource {
  public:
    explicit ScriptedSource(Clock& clock) : clock_(clock) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override;

    struct Mint {
        std::string ns;
        std::string registry;
        std::vector<std::string> allow;
    };
    std::vector<Mint> mints;  ///< all that were asked for
    std::chrono::seconds life{3600};
    std::size_t password_bytes = 0;        ///< at least
    std::map<std::string, Error> failing;  ///< by registry, until erased
    std::function<void()> during;          ///< called while a mint is under way

  private:
    Clock& clock_;
    int count_ = 0;
};

struct CollectedEvent {
    std::string tenancy;  ///< or the exception, or namespace/Pod
    bool warning;
    std::string reason;
    std::string note;
};

class CollectingSink final : public EventSink {
  public:
    void on_tenancy(std::string const& tenancy, bool warning, std::string const& reason,
                    std::string const&, std::string const& note) override {
        events.push_back({tenancy, warning, reason, note});
    }
    void on_exception(std::string const& exception, bool warning, std::string const& reason,
                      std::string const& note) override {
        events.push_back({exception, warning, reason, note});
    }
    void on_pod(std::string const& ns, std::string const& pod, std::string const&, bool warning,
                std::string const& reason, std::string const& note) override {
        events.push_back({ns + "/" + pod, warning, reason, note});
    }
    [[nodiscard]] int count(std::string const& reason) const;
    std::vector<CollectedEvent> events;
};

/// What outlives the operator: the API server, the clouds and time.
struct Outside {
    rt::test::FakeClock clock;
    rt::test::FakeApiServer api{clock};
    ScriptedSource source{clock};
};

/// One run of the operator's process over `outside`, in one thread and without real time: watches
/// are delivered by sync(), queues run by settle() and advance().
class World {
  public:
    /// `client`: what the operator sees of the API server; null: all of it.
    explicit World(Outside& outside, kube::Client* client = nullptr,
                   tenancy::UnmanagedNamespaces unmanaged = tenancy::UnmanagedNamespaces::Allow);

    /// Delivers the API server's present state, as watches would.
    void sync();
    /// Runs everything that is due now, delivering events in between, until nothing is.
    void settle();
    /// Lets time pass, running what becomes due on the way.
    void advance(std::chrono::nanoseconds duration);
    /// Creates or replaces as an admin does, then settles.
    void put(kube::ResourceType const& type, Json const& object);
    void erase(kube::ResourceType const& type, std::string const& name, std::string const& ns = {});
    /// What the prover's finding brings with it.
    void touch(std::string const& ns, ProofBoard::Touched const& touched);

    [[nodiscard]] std::optional<Json> secret(std::string const& ns) const;
    [[nodiscard]] std::optional<Json> grant(std::string const& ns) const;
    /// Key -> password of the pull Secret; empty where there is none.
    [[nodiscard]] std::map<std::string, std::string> logins(std::string const& ns) const;
    [[nodiscard]] std::set<std::string> keys(std::string const& ns) const;
    /// Reasons in the grant's problems.
    [[nodiscard]] std::vector<std::string> problems(std::string const& ns) const;
    /// A condition of a RegistryTenancy as "True CredentialsReady".
    [[nodiscard]] std::string condition(std::string const& tenancy, std::string const& type) const;
    /// The same of any of our cluster-scoped objects.
    [[nodiscard]] std::string condition(kube::ResourceType const& kind, std::string const& name,
                                        std::string const& type) const;
    [[nodiscard]] int secret_writes() const;
    [[nodiscard]] int grant_writes() const;

    Outside& outside;
    CollectingSink events;
    tenancy::Settings settings;
    Metrics metrics_registry;
    OperatorMetrics metrics{metrics_registry};

  private:
    struct Queue {
        std::map<std::string, SteadyTime> due;
        void add(std::string const& key, SteadyTime at) {
            auto const [found, created] = due.try_emplace(key, at);
            found->second = std::min(found->second, at);
        }
    };
    void enqueue(Affected const& affected);
    bool run_one(Queue& queue, std::function<kube::Outcome(std::string const&)> const& reconcile);
    [[nodiscard]] std::optional<SteadyTime> next_due() const;

    rt::test::FakeRandom random_;
    Queue namespaces_;
    Queue statuses_;

  public:
    ClusterView view;
    ResultBoard board;
    ProofBoard proofs;
    WorkloadBoard workloads;
    MintBudget budget;
    NamespaceReconciler reconciler;
    StatusWriter status_writer;
};

}  // namespace rt::op::test
