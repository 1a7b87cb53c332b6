#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "operator/inventory/policy_report.hpp"
#include "operator/inventory/running_images.hpp"
#include "operator/inventory/workload_board.hpp"
#include "operator/metrics.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {

/// What the inventory works with; all of it outlives it.
struct InventoryContext {
    kube::Client& api;
    ClusterView& view;
    RunningImages& running;
    WorkloadBoard& board;
    OperatorMetrics& metrics;
    Clock& clock;
    std::chrono::seconds exception_life_max;
    /// The status of these tenancies may have changed.
    std::function<void(std::vector<std::string> const& tenancies)> status_changed;
    /// Every governed namespace must be looked at again.
    std::function<void()> look_at_everything;
};

/// Judges what already runs, namespace by namespace, and tells: in `workloads` of the RegistryGrant
/// (by server-side apply under a field manager of its own, so that neither writer waits for the
/// other), in the tenancies' status, in metrics, and in reports where the cluster has a type for
/// them. It reads nothing but what watches brought, and writes only what changed.
class Inventory {
  public:
    explicit Inventory(InventoryContext context)
        : context_(std::move(context)), reports_(context_.api, context_.metrics) {}

    /// One call per key at a time (the work queue sees to it). `key`: a namespace, or
    /// look_for_reports.
    kube::Outcome reconcile(std::string const& key, std::stop_token const& stop);

    /// The key under which it looks, from time to time, which kind of report the cluster has. No
    /// namespace can have this name.
    static constexpr char look_for_reports[] = "?";

  private:
    kube::Outcome discover(std::stop_token const& stop);
    /// The namespace is governed no longer.
    kube::Outcome leave(Gathered const& gathered, std::stop_token const& stop);
    Result<void> write_grant(Gathered const& gathered, tenancy::Workloads const& workloads,
                             std::stop_token const& stop);

    InventoryContext context_;
    PolicyReports reports_;
};

}  // namespace rt::op
