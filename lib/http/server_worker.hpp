#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "lib/http/server.hpp"
#include "lib/http/server_ledger.hpp"
#include "lib/http/server_metrics.hpp"
#include "lib/http/server_tls.hpp"

namespace rt::http {

/// What the listener and the workers of one server share.
struct ServerShared {
    ServerShared(ServerOptions chosen, Handler chosen_handler, Metrics& registry, bool with_tls)
        : options(std::move(chosen)),
          handler(std::move(chosen_handler)),
          tls(with_tls),
          ledger(options.limits),
          metrics(registry, options.metrics_prefix) {}

    ServerOptions const options;
    Handler const handler;
    bool const tls;
    ServerLedger ledger;
    ServerMetrics metrics;
    std::atomic<bool> draining{false};
    std::atomic<bool> stopping{false};  ///< draining, and nothing new is accepted
};

/// One I/O thread with the connections dealt to it. Any thread may call it.
class Worker {
  public:
    virtual ~Worker() = default;
    /// Takes over an accepted socket, already entered into the ledger (also when it must be
    /// closed).
    virtual void adopt(int socket, bool ipv6, PeerKey const& peer) = 0;
    /// New connections use it from now on.
    virtual void set_context(TlsContext context) = 0;
    /// Closes the idle connections; ServerShared::draining is set already. Those that have not had
    /// their first request stay unless stopping: their client is about to send it.
    virtual void drain() = 0;
    /// Closes everything at once.
    virtual void close_all() = 0;
};

/// Starts the thread; the destructor closes all connections and joins it.
[[nodiscard]] std::unique_ptr<Worker> make_worker(ServerShared& shared);

}  // namespace rt::http
