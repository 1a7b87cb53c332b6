#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/result.hpp"
#include "operator/inventory/workload_board.hpp"
#include "operator/tenancy/cluster_view.hpp"
#include "operator/tenancy/status.hpp"

namespace rt::op {

/// The operator's own series. All label values come from closed sets (ErrorKind, resource), so that
/// their number is bounded and a namespace's name never becomes one.
class OperatorMetrics {
  public:
    explicit OperatorMetrics(Metrics& metrics);

    void minted(std::chrono::nanoseconds took);
    /// A credential was renewed so long after its time for that.
    void refreshed_late(std::chrono::nanoseconds late);
    void mint_failed(ErrorKind kind, std::chrono::nanoseconds took);
    void mint_waited();
    /// `resource`: "secret", "grant", "status" or "report"; `verb`: "apply" or "delete".
    void wrote(std::string_view resource, std::string_view verb, bool success);
    void drift_seen();
    /// What earlier mints had left outside the cluster was looked at, and so much of it deleted.
    void swept(std::size_t removed);
    void sweep_failed(ErrorKind kind);
    /// `reason`: of registry::Reason.
    void pull_checked(std::string_view reason);

    /// Sets the gauges that are computed from time to time.
    void observe(ClusterView::Expiry const& expiry, ResultBoard::Counts const& counts,
                 WorkloadBoard::Tally const& workloads, std::size_t queue_depth, double budget_used,
                 WallTime now);

  private:
    void show_expiry(std::map<std::string, WallTime> const& nearest_of);

    Metrics& metrics_;
    Histogram& mint_seconds_;
    Counter& mints_;
    Histogram& refresh_lateness_;
    Counter& mint_waits_;
    Counter& drifts_;
    Gauge& credentials_live_;
    Gauge& credentials_expired_;
    Gauge& nearest_expiry_seconds_;
    Gauge& namespaces_ready_;
    Gauge& namespaces_failed_;
    Gauge& namespaces_pending_;
    Gauge& queue_depth_;
    Gauge& budget_used_;
    std::map<std::string, Gauge*> expiry_of_;  ///< by Registry
    Gauge& images_denied_;
    Gauge& images_grandfathered_;
    Gauge& images_by_exception_;
};

}  // namespace rt::op
