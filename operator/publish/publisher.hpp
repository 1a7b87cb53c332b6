#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/result.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/tenancy/settings.hpp"

namespace rt::op::publish {

/// Asks one webhook endpoint over TLS: does it answer under `ca_pem` as `server_name`?
using ProbeEndpoint =
    std::function<Result<void>(std::string const& address, int port, std::string const& server_name,
                               std::string const& ca_pem, std::stop_token stop)>;
/// The real probe, over libcurl.
[[nodiscard]] ProbeEndpoint tls_probe();

/// Makes and rotates the webhook's serving certificate and writes the webhook configurations, once
/// an endpoint answers with a certificate that the API server will trust. Every step is idempotent
/// and level-triggered: all state is in the cluster, two publishers at once do no harm.
class Publisher {
  public:
    Publisher(tenancy::Settings const& settings, kube::Client& client, Clock& clock,
              ProbeEndpoint probe, Metrics& metrics);

    /// One pass: certificate, then configurations. Errors are for the log; the next pass tries
    /// again.
    Result<void> step(std::stop_token stop);
    /// step() every few seconds until stopped.
    void run(std::stop_token stop);
    /// The configurations stand as they should (readiness).
    [[nodiscard]] bool published() const { return published_.load(); }

  private:
    struct Certificate;
    struct Live;
    Result<Live> load_live(std::stop_token stop);
    Result<Certificate> load_certificate(std::stop_token stop);
    Result<void> rotate(Certificate& certificate, Live const& live, std::stop_token stop);
    Result<void> write_certificate(Certificate const& certificate, std::stop_token stop);
    Result<void> apply_configurations(std::string const& ca_bundle, Live const& live,
                                      std::stop_token stop);
    Result<void> endpoint_answers(std::string const& ca_bundle, std::stop_token stop);
    [[nodiscard]] std::string server_name() const;

    tenancy::Settings const& settings_;
    kube::Client& client_;
    Clock& clock_;
    ProbeEndpoint probe_;
    std::atomic<bool> published_{false};
    Gauge& published_gauge_;
    Gauge& expiry_gauge_;
};

}  // namespace rt::op::publish
