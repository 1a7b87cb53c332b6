#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/random.hpp"
#include "lib/http/transport.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "lib/kube/runtime/watcher.hpp"
#include "lib/kube/runtime/work_queue.hpp"
#include "lib/tenancy/settings.hpp"
#include "operator/cloud/token_source.hpp"
#include "operator/events.hpp"
#include "operator/metrics.hpp"
#include "operator/tenancy/cluster_view.hpp"
#include "operator/tenancy/mint_budget.hpp"
#include "operator/tenancy/reconciler.hpp"
#include "operator/tenancy/status_writer.hpp"

namespace rt::op {

/// The whole operator over an API server and a source of credentials: watchers, queues, workers.
/// One per term of leadership; everything it knows it reads from the cluster at the start.
class TenancyOperator {
  public:
    struct Context {
        kube::Client& api;
        CredentialSource& source;
        Clock& clock;
        Random& random;
        Metrics& metrics;
        tenancy::Settings const& settings;
        std::string cluster;          ///< clusterName
        http::Transport& registries;  ///< to ask whether credentials can pull
        std::function<bool()> leading = [] { return true; };  ///< asked before each mint
    };
    explicit TenancyOperator(Context context);
    ~TenancyOperator();

    /// Works until the stop is requested; returns when nothing of it runs any more.
    void run(std::stop_token const& stop);
    /// Empty when all caches are complete, else what is missing.
    [[nodiscard]] std::string not_ready() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// clusterName of the settings, else the UID of the namespace kube-system.
[[nodiscard]] Result<std::string> find_cluster_name(tenancy::Settings const& settings,
                                                    kube::Client& api, std::stop_token const& stop);

}  // namespace rt::op
