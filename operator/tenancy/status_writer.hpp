#pragma once

#include <chrono>
#include <string>

#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "operator/events.hpp"
#include "operator/metrics.hpp"
#include "operator/tenancy/cluster_view.hpp"
#include "operator/tenancy/status.hpp"

namespace rt::op {

/// Keys of the status queue.
[[nodiscard]] std::string tenancy_key(std::string const& name);
[[nodiscard]] std::string registry_key(std::string const& name);
[[nodiscard]] std::string exception_key(std::string const& name);

/// Writes the status of RegistryTenancies, Registries and RegistryExceptions from what memory
/// holds, only where it changes. Tells, once, that an exception is about to end and that it has
/// ended: what was told stands in its conditions, so that a restart doesn't tell it again.
class StatusWriter {
  public:
    StatusWriter(kube::Client& api, ClusterView& view, ResultBoard const& board,
                 WorkloadBoard const& workloads, ProofBoard const& proofs, EventSink& events,
                 OperatorMetrics& metrics, Clock& clock, std::chrono::seconds exception_life_max)
        : api_(api),
          view_(view),
          board_(board),
          workloads_(workloads),
          proofs_(proofs),
          events_(events),
          metrics_(metrics),
          clock_(clock),
          exception_life_max_(exception_life_max) {}

    /// `key` from tenancy_key(), registry_key() or exception_key().
    kube::Outcome reconcile(std::string const& key, std::stop_token const& stop);

  private:
    kube::Outcome write_tenancy(std::string const& name, std::stop_token const& stop);
    kube::Outcome write_registry(std::string const& name, std::stop_token const& stop);
    kube::Outcome write_exception(std::string const& name, std::stop_token const& stop);
    void tell_tenancy(std::string const& name, Json const& before, Json const& now);
    void tell_exception(std::string const& name, Json const& before, Json const& now);
    Result<Json> apply(kube::ResourceType const& type, std::string const& name,
                       std::string const& uid, Json status, std::stop_token const& stop);

    kube::Client& api_;
    ClusterView& view_;
    ResultBoard const& board_;
    WorkloadBoard const& workloads_;
    ProofBoard const& proofs_;
    EventSink& events_;
    OperatorMetrics& metrics_;
    Clock& clock_;
    std::chrono::seconds exception_life_max_;
};

}  // namespace rt::op
