#include "operator/tenancy_operator.hpp"

#include <atomic>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/kube/runtime/event_recorder.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "operator/inventory/inventory.hpp"
#include "operator/inventory/late_credentials.hpp"
#include "operator/inventory/waiting_pods.hpp"
#include "operator/proof/pull_prover.hpp"
#include "operator/tenancy/namespace_accounts.hpp"
#include "operator/tenancy/sweeper.hpp"

namespace rt::op {
namespace {

/// Statuses sum up many namespaces: waiting a moment makes one write of many.
constexpr std::chrono::milliseconds status_delay{500};
constexpr std::chrono::seconds housekeeping_interval{1};
/// Gauges over all namespaces: a few milliseconds with ten thousand.
constexpr std::chrono::seconds observe_interval{10};
/// Proof of completeness of the operator's view; what it would miss meanwhile is at most a delay.
constexpr std::chrono::minutes proof_interval{5};
constexpr unsigned status_workers = 2;
constexpr unsigned inventory_workers = 2;
/// What is swept has no hurry, and must not slow what has.
constexpr unsigned sweep_workers = 1;
constexpr char sweep_service_accounts[] = "service-accounts";
/// Nothing waits for this either; a Harbor that hangs holds up the others for half a minute.
constexpr unsigned leftover_workers = 1;
/// A rollout brings Pods one after the other: their images are judged, and told, once.
constexpr std::chrono::seconds inventory_delay{2};
/// Pods of one rollout begin to wait one after the other; and what has just been written is in
/// force.
constexpr std::chrono::seconds waiting_delay{1};
/// Registries that hang must not keep the others' proofs waiting.
constexpr unsigned proof_workers = 4;
/// After the inventory knows which images came.
constexpr std::chrono::seconds proof_delay{3};

class RecorderSink final : public EventSink {
  public:
    RecorderSink(kube::EventRecorder& recorder, ClusterView const& view)
        : recorder_(recorder), view_(view) {}

    void on_exception(std::string const& name, bool warning, std::string const& reason,
                      std::string const& note) override {
        auto const declared = view_.exception(name);
        auto const type = warning ? kube::EventType::Warning : kube::EventType::Normal;
        std::string const api_version(tenancy::api_version);
        recorder_.record({api_version, "RegistryException", "", name,
                          declared ? declared->meta.uid : std::string()},
                         type, reason, "Expire", note);
        for (std::string const& ns : view_.namespaces_of_exception(name)) {
            if (auto const grant = view_.gather(ns).grant) {
                recorder_.record({api_version, "RegistryGrant", ns,
                                  std::string(tenancy::grant_name), grant->uid},
                                 type, reason, "Expire", note);
            }
        }
    }

    void on_tenancy(std::string const& name, bool warning, std::string const& reason,
                    std::string const& action, std::string const& note) override {
        auto const declared = view_.tenancy(name);
        recorder_.record({std::string(tenancy::api_version), "RegistryTenancy", "", name,
                          declared ? declared->meta.uid : std::string()},
                         warning ? kube::EventType::Warning : kube::EventType::Normal, reason,
                         action, note);
    }

    void on_pod(std::string const& ns, std::string const& pod, std::string const& uid, bool warning,
                std::string const& reason, std::string const& note) override {
        recorder_.record({"v1", "Pod", ns, pod, uid},
                         warning ? kube::EventType::Warning : kube::EventType::Normal, reason,
                         "Pull", note);
    }

  private:
    kube::EventRecorder& recorder_;
    ClusterView const& view_;
};

}  // namespace

struct TenancyOperator::Impl {
    explicit Impl(Context given)
        : context(std::move(given)),
          metrics(context.metrics),
          namespaces({}, context.clock, context.random),
          statuses({}, context.clock, context.random),
          inventories({}, context.clock, context.random),
          sweeps({}, context.clock, context.random),
          leftovers({}, context.clock, context.random),
          waits({}, context.clock, context.random),
          proofs({}, context.clock, context.random),
          view(context.settings, context.clock,
               [this](Affected const& affected) { enqueue(affected); }),
          budget(context.settings.op.mints_per_second, context.settings.op.mint_burst,
                 context.clock),
          recorder(context.api, "registry-tenancy-operator", context.random.hex(4), context.clock),
          sink(recorder, view),
          reconciler({context.api, context.source, view, board, proof_board, budget, sink, metrics,
                      context.clock, context.random, context.settings, context.cluster,
                      [this](ResultBoard::Touched const& touched) {
                          enqueue({{}, touched.tenancies, {}, touched.exceptions});
                      },
                      context.leading}),
          status_writer(context.api, view, board, workloads, proof_board, sink, metrics,
                        context.clock, context.settings.exception_life_max),
          accounts(context.api, view, context.clock, context.settings),
          sweeper(context.source, view, context.clock, metrics, context.settings.grace),
          running([this](std::vector<std::string> const& changed) { on_pods(changed); }),
          inventory(
              {context.api, view, running, workloads, metrics, context.clock,
               context.settings.exception_life_max,
               [this](std::vector<std::string> const& tenancies) { enqueue({{}, tenancies, {}}); },
               [this] { look_at_all_workloads(); }}),
          waiting([this](std::vector<std::string> const& changed) {
              for (std::string const& ns : changed) {
                  waits.add_after(ns, waiting_delay);
              }
          }),
          late({context.api, view, waiting, sink, context.clock,
                context.settings.exception_life_max,
                context.settings.op.waiting_pods == tenancy::OperatorSettings::WaitingPods::Evict}),
          prover({context.api, context.registries, view, running, proof_board, metrics,
                  context.clock, context.settings.exception_life_max,
                  context.settings.op.pull_checks_per_second, context.cluster,
                  [this](std::string const& ns, ProofBoard::Touched const& touched) {
                      for (std::string const& name : touched.tenancies) {
                          statuses.add_after(tenancy_key(name), status_delay);
                      }
                      if (touched.problems) {
                          namespaces.add(ns);
                      }
                  }}) {
        make_watchers();
        make_pod_watcher();
    }

    void enqueue(Affected const& affected) {
        if (!complete) {
            return;  // everything comes once the caches are complete, in its order
        }
        for (std::string const& ns : affected.namespaces) {
            namespaces.add(ns);
            inventories.add_after(ns, inventory_delay);
            proofs.add_after(ns, proof_delay);
        }
        for (std::string const& name : affected.tenancies) {
            statuses.add_after(tenancy_key(name), status_delay);
        }
        for (std::string const& name : affected.registries) {
            statuses.add_after(registry_key(name), status_delay);
        }
        for (std::string const& name : affected.exceptions) {
            statuses.add_after(exception_key(name), status_delay);
        }
    }

    void on_pods(std::vector<std::string> const& changed) {
        for (std::string const& ns : changed) {
            inventories.add_after(ns, inventory_delay);
            proofs.add_after(ns, proof_delay);
        }
        if (!pods_complete.exchange(true)) {
            look_at_all_workloads();  // also where no Pod is: a grant may still tell of one
        }
    }
    void look_at_all_workloads() {
        for (std::string const& ns : view.everything().namespaces) {
            inventories.add_after(ns, inventory_delay);
            proofs.add_after(ns, proof_delay);
        }
    }

    void watch(kube::WatcherOptions options, kube::WatchHandler handler) {
        options.proof_interval = proof_interval;
        watchers.push_back(std::make_unique<kube::Watcher>(
            context.api, std::move(options), std::move(handler), context.clock, context.random));
    }

    void make_watchers();
    void make_pod_watcher();
    bool wait_synced(std::stop_token const& stop);

    Context context;
    OperatorMetrics metrics;
    kube::WorkQueue namespaces;
    kube::WorkQueue statuses;
    kube::WorkQueue inventories;
    kube::WorkQueue sweeps;
    kube::WorkQueue leftovers;  ///< Registries at which mints leave something behind
    kube::WorkQueue waits;
    kube::WorkQueue proofs;
    ClusterView view;
    ResultBoard board;
    WorkloadBoard workloads;
    ProofBoard proof_board;
    MintBudget budget;
    kube::EventRecorder recorder;
    RecorderSink sink;
    NamespaceReconciler reconciler;
    StatusWriter status_writer;
    NamespaceAccounts accounts;
    Sweeper sweeper;
    std::atomic<bool> complete = false;  ///< the caches, once
    std::atomic<bool> pods_complete = false;
    RunningImages running;
    Inventory inventory;
    WaitingPods waiting;
    LateCredentials late;
    PullProver prover;
    std::vector<std::unique_ptr<kube::Watcher>> watchers;
    /// Apart from the others: credentials never wait for the inventory.
    std::unique_ptr<kube::Watcher> pods;
};

void TenancyOperator::Impl::make_watchers() {
    using Objects = std::vector<Json> const&;
    watch({.type = kube::types::registries},
          {[this](Objects items) { view.replace_registries(items); },
           [this](Json const& object) { view.upsert_registry(object); },
           [this](Json const& object) { view.delete_registry(object); }});
    watch({.type = kube::types::registry_tenancies},
          {[this](Objects items) { view.replace_tenancies(items); },
           [this](Json const& object) { view.upsert_tenancy(object); },
           [this](Json const& object) { view.delete_tenancy(object); }});
    watch({.type = kube::types::registry_exceptions},
          {[this](Objects items) { view.replace_exceptions(items); },
           [this](Json const& object) { view.upsert_exception(object); },
           [this](Json const& object) { view.delete_exception(object); }});
    watch({.type = kube::types::namespaces, .metadata_only = true},
          {[this](Objects items) { view.replace_namespaces(items); },
           [this](Json const& object) { view.upsert_namespace(object); },
           [this](Json const& object) { view.delete_namespace(object); }});
    // Metadata only: tokens are kept nowhere but in Secrets. managedFields tells who changed them.
    watch({.type = kube::types::secrets,
           .field_selector = "metadata.name=" + std::string(tenancy::pull_secret_name),
           .metadata_only = true,
           .managed_fields = true},
          {[this](Objects items) { view.replace_secrets(items); },
           [this](Json const& object) { view.upsert_secret(object); },
           [this](Json const& object) { view.delete_secret(object); }});
    watch({.type = kube::types::registry_grants,
           .field_selector = "metadata.name=" + std::string(tenancy::grant_name)},
          {[this](Objects items) { view.replace_grants(items); },
           [this](Json const& object) { view.upsert_grant(object); },
           [this](Json const& object) { view.delete_grant(object); }});
    watch({.type = kube::types::secrets,
           .ns = context.settings.product_namespace,
           .metadata_only = true},
          {[this](Objects items) { view.replace_source_secrets(items); },
           [this](Json const& object) { view.upsert_source_secret(object); },
           [this](Json const& object) { view.delete_source_secret(object); }});
}

void TenancyOperator::Impl::make_pod_watcher() {
    kube::WatcherOptions options;
    options.type = kube::types::pods;
    options.field_selector = "status.phase!=Succeeded,status.phase!=Failed";
    options.reduce = reduce_pod;
    // What it would miss is told with the next change; a LIST of all Pods costs more than that.
    options.proof_interval = std::chrono::seconds(0);
    pods =
        std::make_unique<kube::Watcher>(context.api, std::move(options),
                                        kube::WatchHandler{[this](std::vector<Json> const& items) {
                                                               running.replace(items);
                                                               waiting.replace(items);
                                                           },
                                                           [this](Json const& object) {
                                                               running.upsert(object);
                                                               waiting.upsert(object);
                                                           },
                                                           [this](Json const& object) {
                                                               running.remove(object);
                                                               waiting.remove(object);
                                                           }},
                                        context.clock, context.random);
}

bool TenancyOperator::Impl::wait_synced(std::stop_token const& stop) {
    for (auto const& watcher : watchers) {
        if (!watcher->wait_synced(stop)) {
            return false;
        }
    }
    return true;
}

TenancyOperator::TenancyOperator(Context context)
    : impl_(std::make_unique<Impl>(std::move(context))) {}

TenancyOperator::~TenancyOperator() = default;

void TenancyOperator::run(std::stop_token const& stop) {
    Impl& impl = *impl_;
    for (auto const& watcher : impl.watchers) {
        watcher->start();
    }
    impl.pods->start();
    if (!impl.wait_synced(stop)) {
        return;
    }
    log_info("Caches complete; working", {{"cluster", impl.context.cluster}});
    impl.complete = true;
    impl.enqueue(impl.view.everything());
    kube::Controller namespaces(
        "namespaces", impl.namespaces, impl.context.settings.op.workers,
        [&impl](std::string const& ns, std::stop_token const& token) {
            auto const outcome = impl.reconciler.reconcile(ns, token);
            if (impl.waiting.any(ns)) {
                impl.waits.add_after(ns, waiting_delay);
            }
            return outcome;
        },
        impl.context.metrics);
    kube::Controller statuses(
        "statuses", impl.statuses, status_workers,
        [&impl](std::string const& key, std::stop_token const& token) {
            return impl.status_writer.reconcile(key, token);
        },
        impl.context.metrics);
    kube::Controller inventories(
        "inventories", impl.inventories, inventory_workers,
        [&impl](std::string const& key, std::stop_token const& token) {
            return impl.inventory.reconcile(key, token);
        },
        impl.context.metrics);
    kube::Controller sweeps(
        "sweeps", impl.sweeps, sweep_workers,
        [&impl](std::string const&, std::stop_token const& token) {
            return impl.accounts.sweep(token);
        },
        impl.context.metrics);
    kube::Controller leftovers(
        "leftovers", impl.leftovers, leftover_workers,
        [&impl](std::string const& registry, std::stop_token const& token) {
            return impl.sweeper.reconcile(registry, token);
        },
        impl.context.metrics);
    kube::Controller waits(
        "waiting_pods", impl.waits, 1,
        [&impl](std::string const& ns, std::stop_token const& token) {
            return impl.late.reconcile(ns, token);
        },
        impl.context.metrics);
    kube::Controller proofs(
        "proofs", impl.proofs, proof_workers,
        [&impl](std::string const& ns, std::stop_token const& token) {
            return impl.prover.reconcile(ns, token);
        },
        impl.context.metrics);
    impl.inventories.add(Inventory::look_for_reports);
    impl.sweeps.add(sweep_service_accounts);
    namespaces.start();
    statuses.start();
    inventories.start();
    sweeps.start();
    leftovers.start();
    waits.start();
    proofs.start();
    SteadyTime observe_at = impl.context.clock.steady_now();
    do {
        static_cast<void>(impl.view.end_graces());
        for (std::string const& ns : impl.reconciler.tell_slow_mints(stop)) {
            impl.namespaces.add(ns);
        }
        if (impl.context.clock.steady_now() >= observe_at) {
            observe_at = impl.context.clock.steady_now() + observe_interval;
            WallTime const now = impl.context.clock.wall_now();
            impl.metrics.observe(impl.view.expiry(now), impl.board.counts(), impl.workloads.total(),
                                 impl.namespaces.depth(), impl.budget.used(), now);
            for (std::string const& registry : impl.sweeper.newcomers()) {
                impl.leftovers.add(registry);
            }
        }
    } while (impl.context.clock.sleep_for(housekeeping_interval, stop));
    // The controllers end here, before the caches they read from: no write outlives this function.
}

std::string TenancyOperator::not_ready() const {
    for (auto const& watcher : impl_->watchers) {
        if (!watcher->synced()) {
            std::string const trouble = watcher->trouble();
            return trouble.empty() ? "reading the cluster's state" : trouble;
        }
    }
    return {};
}

Result<std::string> find_cluster_name(tenancy::Settings const& settings, kube::Client& api,
                                      std::stop_token const& stop) {
    if (!settings.cluster_name.empty()) {
        return settings.cluster_name;
    }
    auto const object = api.get(kube::types::namespaces, {"", "kube-system"}, stop);
    if (!object) {
        return fail(object.error().with_context(
            "reading the UID of namespace kube-system, which stands for the cluster's name (or set "
            "clusterName)"));
    }
    return kube::meta_of(*object).uid;
}

}  // namespace rt::op
