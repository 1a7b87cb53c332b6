#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "lib/base/clock.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/random.hpp"
#include "lib/base/result.hpp"
#include "lib/http/server.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/event_recorder.hpp"
#include "lib/tenancy/settings.hpp"
#include "webhook/certificate.hpp"
#include "webhook/endpoint.hpp"
#include "webhook/events.hpp"
#include "webhook/index_feed.hpp"
#include "webhook/metrics.hpp"

namespace rt::webhook {

/// The whole program as an object: builds its parts in the order of their dependencies, and ends
/// them in the reverse order.
class App {
  public:
    /// Starts serving and watching. Errors: a port that can't be bound.
    static Result<std::unique_ptr<App>> start(tenancy::Settings settings,
                                              std::unique_ptr<kube::Client> client, Clock& clock,
                                              Random& random);
    ~App();
    App(App const&) = delete;
    App& operator=(App const&) = delete;

    /// Serves until the stop is requested, then for settings.webhook.drain more (API servers go on
    /// using connections to a Pod that is leaving), with every answer closing its connection.
    void run(std::stop_token stop);

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    [[nodiscard]] std::uint16_t admin_port() const { return admin_->port(); }
    /// Empty where requests can be answered; else the reason.
    [[nodiscard]] std::string not_ready() const;

  private:
    App(tenancy::Settings settings, std::unique_ptr<kube::Client> client, Clock& clock,
        Random& random);
    Result<void> open();
    void keep_house(std::stop_token stop);

    tenancy::Settings settings_;
    Clock& clock_;
    std::unique_ptr<kube::Client> client_;
    Metrics metrics_{};
    AdmissionMetrics admission_metrics_;
    kube::EventRecorder recorder_;
    EventMirror mirror_;
    IndexFeed feed_;
    Endpoint endpoint_;
    CertificateReloader certificate_;
    std::atomic<bool> draining_{false};
    std::unique_ptr<http::Server> server_{};
    std::unique_ptr<http::Server> admin_{};
    std::jthread housekeeper_{};
};

}  // namespace rt::webhook
