#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "lib/kube/client/client.hpp"
#include "lib/tenancy/workloads.hpp"
#include "operator/metrics.hpp"

namespace rt::op {

/// PolicyReport (wgpolicyk8s.io/v1alpha2) and Report (openreports.io/v1alpha1), its successor: what
/// dashboards of policy engines read. The former is preferred where a cluster has both.
[[nodiscard]] kube::ResourceType const& policy_reports();
[[nodiscard]] kube::ResourceType const& open_reports();

/// Our one report in a namespace, for server-side apply. Without times, so that equal findings
/// make equal reports. `type`: one of the two above.
[[nodiscard]] Json render_report(kube::ResourceType const& type, std::string const& ns,
                                 tenancy::Workloads const& workloads);

/// Keeps a report in each namespace where something runs that no tenancy allows, if the cluster has
/// a type for it. Thread-safe, for one caller per namespace at a time.
class PolicyReports {
  public:
    PolicyReports(kube::Client& api, OperatorMetrics& metrics) : api_(api), metrics_(metrics) {}

    /// Finds out which type the cluster has, and which reports of ours are there. True where that
    /// changed, so that every namespace should be told again.
    Result<bool> discover(std::stop_token const& stop);
    /// Writes, or where there is nothing to tell removes, the report. Does nothing where the
    /// cluster has no type for it or nothing changed.
    Result<void> put(std::string const& ns, tenancy::Workloads const& workloads,
                     std::stop_token const& stop);
    /// The namespace is on its way out, and the report goes with it.
    void forget(std::string const& ns);

  private:
    Result<std::optional<kube::ResourceType>> find_type(std::stop_token const& stop);

    kube::Client& api_;
    OperatorMetrics& metrics_;
    std::mutex mutex_;
    std::optional<kube::ResourceType> type_;
    /// Hash of the report that stands in a namespace; empty where only its name is known.
    std::map<std::string, std::string> written_;
};

}  // namespace rt::op
