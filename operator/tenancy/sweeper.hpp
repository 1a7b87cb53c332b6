#pragma once

#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "operator/cloud/token_source.hpp"
#include "operator/metrics.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {

/// Has the sources delete what mints leave outside the cluster (Harbor's robots), Registry by
/// Registry. The pull Secrets say what is in use: so whatever keeps a credential in its Secret (the
/// grace, a Registry that cannot be read, a failing refresh) keeps what is behind it as well.
class Sweeper {
  public:
    Sweeper(CredentialSource& source, ClusterView const& view, Clock& clock,
            OperatorMetrics& metrics, std::chrono::nanoseconds grace)
        : source_(source), view_(view), clock_(clock), metrics_(metrics), grace_(grace) {}

    /// Registries that want to be swept and are not yet; each is to be given to reconcile().
    [[nodiscard]] std::vector<std::string> newcomers();
    /// One sweep; asks to be called again as long as the Registry wants it.
    kube::Outcome reconcile(std::string const& registry, std::stop_token const& stop);

  private:
    CredentialSource& source_;
    ClusterView const& view_;
    Clock& clock_;
    OperatorMetrics& metrics_;
    std::chrono::nanoseconds grace_;
    std::mutex mutex_;
    std::set<std::string> swept_;
};

}  // namespace rt::op
