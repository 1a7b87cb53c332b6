#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"
#include "operator/metrics.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {

/// The operator's writes inside governed namespaces. Each is idempotent, tells the view at once,
/// and is retried on transient trouble; a pull Secret for longest, because a minted credential that
/// is not written is lost.
class CarryOut {
  public:
    CarryOut(kube::Client& api, ClusterView& view, Clock& clock, OperatorMetrics& metrics)
        : api_(api), view_(view), clock_(clock), metrics_(metrics) {}

    /// Server-side apply of RegistryGrant `effective`; takes over fields that others set.
    Result<void> apply_grant(std::string const& ns, Json const& grant, std::stop_token const& stop);

    /// The whole Secret, data included; only for a merge.
    Result<Json> get_secret(std::string const& ns, std::stop_token const& stop);
    /// Server-side apply of the pull Secret. `create`: nothing of that name is known; should there
    /// be one after all, its owner keeps the fields and we get a Conflict. Else `secret` carries a
    /// uid.
    Result<Json> apply_secret(std::string const& ns, Json const& secret, bool create,
                              std::stop_token const& stop);

    /// Delete exactly the object that was seen. Success also where it is gone already.
    Result<void> remove_secret(std::string const& ns, SecretRecord const& record,
                               std::stop_token const& stop);
    Result<void> remove_grant(std::string const& ns, GrantRecord const& record,
                              std::stop_token const& stop);

    /// Asks the API server itself (quorum reads), not memory: does any tenancy govern the
    /// namespace?
    Result<bool> governed_live(std::string const& ns, std::stop_token const& stop);

  private:
    template <class T>
    Result<T> with_retries(std::function<Result<T>()> const& call, std::stop_token const& stop,
                           int attempts);

    using Objects = std::shared_ptr<std::vector<Json> const>;
    Result<Objects> live_tenancies(std::stop_token const& stop);

    kube::Client& api_;
    ClusterView& view_;
    Clock& clock_;
    OperatorMetrics& metrics_;
    std::mutex live_mutex_;
    Objects live_;
    SteadyTime live_at_{};
};

}  // namespace rt::op
