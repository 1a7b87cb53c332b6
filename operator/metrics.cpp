#include "operator/metrics.hpp"

#include <algorithm>
#include <string>

namespace rt::op {
namespace {

constexpr char mints_name[] = "registry_tenancy_operator_mints_total";
constexpr char mints_help[] =
    "Credentials asked of a cloud, by result (success or the kind of error)";

constexpr char sweeps_name[] = "registry_tenancy_operator_sweeps_total";
constexpr char sweeps_help[] =
    "Looks at what mints left outside the cluster (Harbor robots), by result (success or the kind "
    "of error)";

constexpr char images_name[] = "registry_tenancy_operator_running_images";
constexpr char images_help[] =
    "Images that run in governed namespaces though no tenancy allows them, counted per namespace, "
    "by verdict: denied (came in under Warn, Audit or wider rules), grandfathered (older than the "
    "tenancy), by_exception";

constexpr char expiry_name[] = "registrytenancy_credential_expiry_timestamp_seconds";
constexpr char expiry_help[] =
    "When the first live credential for the Registry ends unless it is renewed; 0: there is none";
/// A cluster has a handful of Registries; what comes beyond shares one series.
constexpr std::size_t registries_max = 100;
constexpr char other_registries[] = "(others)";

double seconds_of(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

OperatorMetrics::OperatorMetrics(Metrics& metrics)
    : metrics_(metrics),
      mint_seconds_(
          metrics.histogram("registry_tenancy_operator_mint_seconds",
                            "How long it took to obtain one credential, all calls together",
                            {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60})),
      mints_(metrics.counter(mints_name, mints_help, {{"result", "success"}})),
      refresh_lateness_(metrics.histogram("registry_tenancy_operator_refresh_lateness_seconds",
                                          "How long after its time a credential was renewed",
                                          {1, 2.5, 5, 10, 30, 60, 300, 900, 3600})),
      mint_waits_(metrics.counter("registry_tenancy_operator_mint_waits_total",
                                  "Mints put off because the call budget was used up")),
      drifts_(metrics.counter("registry_tenancy_operator_drift_total",
                              "Pull Secrets found deleted or changed by somebody else")),
      credentials_live_(metrics.gauge("registry_tenancy_operator_credentials",
                                      "Credentials in pull Secrets, by state",
                                      {{"state", "live"}})),
      credentials_expired_(metrics.gauge("registry_tenancy_operator_credentials",
                                         "Credentials in pull Secrets, by state",
                                         {{"state", "expired"}})),
      nearest_expiry_seconds_(
          metrics.gauge("registry_tenancy_operator_nearest_expiry_seconds",
                        "Seconds until the next credential ends unless it is renewed")),
      namespaces_ready_(metrics.gauge("registry_tenancy_operator_namespaces",
                                      "Governed namespaces, by state", {{"state", "ready"}})),
      namespaces_failed_(metrics.gauge("registry_tenancy_operator_namespaces",
                                       "Governed namespaces, by state", {{"state", "failed"}})),
      namespaces_pending_(metrics.gauge("registry_tenancy_operator_namespaces",
                                        "Governed namespaces, by state", {{"state", "pending"}})),
      queue_depth_(metrics.gauge("registry_tenancy_operator_queue_depth",
                                 "Namespaces that wait to be looked at")),
      budget_used_(metrics.gauge("registry_tenancy_operator_mint_budget_used_ratio",
                                 "Part of the mint budget (mintBurst) that is used up; above 1 "
                                 "mints wait")),
      images_denied_(metrics.gauge(images_name, images_help, {{"verdict", "denied"}})),
      images_grandfathered_(
          metrics.gauge(images_name, images_help, {{"verdict", "grandfathered"}})),
      images_by_exception_(metrics.gauge(images_name, images_help, {{"verdict", "by_exception"}})) {
}

void OperatorMetrics::minted(std::chrono::nanoseconds took) {
    mints_.Increment();
    mint_seconds_.Observe(seconds_of(took));
}

void OperatorMetrics::mint_failed(ErrorKind kind, std::chrono::nanoseconds took) {
    metrics_.counter(mints_name, mints_help, {{"result", std::string(name_of(kind))}}).Increment();
    mint_seconds_.Observe(seconds_of(took));
}

void OperatorMetrics::refreshed_late(std::chrono::nanoseconds late) {
    refresh_lateness_.Observe(seconds_of(late));
}

void OperatorMetrics::mint_waited() {
    mint_waits_.Increment();
}

void OperatorMetrics::wrote(std::string_view resource, std::string_view verb, bool success) {
    metrics_
        .counter("registry_tenancy_operator_writes_total", "Writes to the API server",
                 {{"resource", std::string(resource)},
                  {"verb", std::string(verb)},
                  {"result", success ? "success" : "error"}})
        .Increment();
}

void OperatorMetrics::drift_seen() {
    drifts_.Increment();
}

void OperatorMetrics::swept(std::size_t removed) {
    metrics_.counter(sweeps_name, sweeps_help, {{"result", "success"}}).Increment();
    metrics_
        .counter("registry_tenancy_operator_swept_total",
                 "Credentials deleted outside the cluster (Harbor robots) because no pull Secret "
                 "holds them any more")
        .Increment(static_cast<double>(removed));
}

void OperatorMetrics::sweep_failed(ErrorKind kind) {
    metrics_.counter(sweeps_name, sweeps_help, {{"result", std::string(name_of(kind))}})
        .Increment();
}

void OperatorMetrics::pull_checked(std::string_view reason) {
    metrics_
        .counter("registry_tenancy_operator_pull_checks_total",
                 "Registries asked whether a credential can pull, by what they told",
                 {{"reason", std::string(reason)}})
        .Increment();
}

void OperatorMetrics::observe(ClusterView::Expiry const& expiry, ResultBoard::Counts const& counts,
                              WorkloadBoard::Tally const& workloads, std::size_t queue_depth,
                              double budget_used, WallTime now) {
    show_expiry(expiry.nearest_of);
    budget_used_.Set(budget_used);
    credentials_expired_.Set(static_cast<double>(expiry.expired));
    credentials_live_.Set(static_cast<double>(expiry.credentials - expiry.expired));
    nearest_expiry_seconds_.Set(
        expiry.nearest ? std::chrono::duration<double>(*expiry.nearest - now).count() : 0.0);
    namespaces_failed_.Set(static_cast<double>(counts.failed));
    namespaces_pending_.Set(static_cast<double>(counts.pending));
    namespaces_ready_.Set(static_cast<double>(counts.namespaces - counts.failed - counts.pending));
    queue_depth_.Set(static_cast<double>(queue_depth));
    images_denied_.Set(static_cast<double>(workloads.denied));
    images_grandfathered_.Set(static_cast<double>(workloads.grandfathered));
    images_by_exception_.Set(static_cast<double>(workloads.by_exception));
}

void OperatorMetrics::show_expiry(std::map<std::string, WallTime> const& nearest_of) {
    std::map<std::string, WallTime> shown;
    for (auto const& [registry, end] : nearest_of) {
        bool const own = expiry_of_.contains(registry) || expiry_of_.size() < registries_max;
        std::string const name = own ? registry : other_registries;
        WallTime& earliest = shown.try_emplace(name, end).first->second;
        earliest = std::min(earliest, end);
        if (Gauge*& gauge = expiry_of_[name]; gauge == nullptr) {
            gauge = &metrics_.gauge(expiry_name, expiry_help, {{"registry", name}});
        }
    }
    for (auto const& [registry, gauge] : expiry_of_) {
        auto const found = shown.find(registry);
        gauge->Set(found == shown.end() ? 0.0 : seconds_of(found->second.time_since_epoch()));
    }
}

}  // namespace rt::op
