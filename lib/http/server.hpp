#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/clock.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/result.hpp"
#include "lib/http/message.hpp"

namespace rt::http {

/// simdjson reads up to this many bytes behind its input; request bodies have them.
inline constexpr std::size_t body_padding_bytes = 64;

/// A request as a handler sees it. Views into the connection's buffer, valid during the call;
/// `body` has body_padding_bytes readable (and writable by nobody) behind it.
struct ServerRequest {
    std::string_view method;
    std::string_view target;  ///< path and query
    std::string_view content_type;
    std::string_view body;
    /// Since the whole request had arrived; grows when a suspended request is asked again.
    std::chrono::nanoseconds waited{0};
    /// The verified client certificate's subject common name; empty without one.
    std::string_view client_common_name;
    /// What a handler keeps of a request from one asking to the next; it goes with the request,
    /// also when the client leaves. Null where requests are asked once only.
    std::shared_ptr<void>* kept = nullptr;
};

/// A reply. `body` is moved out; `retry_after_seconds` > 0 adds the header.
struct ServerResponse {
    int status = 200;
    std::string_view content_type = "application/json";
    std::string body{};
    int retry_after_seconds = 0;
};

/// "Ask me again in `delay`": the connection waits on a timer, no thread does.
struct Suspend {
    std::chrono::milliseconds delay{20};
};

using Answer = std::variant<ServerResponse, Suspend>;
/// Called on an I/O thread, must not block. What it throws becomes an empty 500.
using Handler = std::function<Answer(ServerRequest const&)>;

/// What a peer can make the server hold or wait for. Reasons stand beside each setting in
/// config.yaml.
struct ServerLimits {
    std::size_t body_bytes_max = std::size_t{32} * 1024 * 1024;
    std::size_t body_bytes_in_flight_max = std::size_t{256} * 1024 * 1024;
    std::size_t header_bytes_max = std::size_t{16} * 1024;
    std::size_t header_fields_max = 64;
    std::size_t connections_max = 4096;
    std::size_t connections_per_peer_max = 512;
    std::size_t handshakes_max = 200;
    std::size_t suspended_max = 1024;
    std::size_t suspended_per_peer_max = 512;
    /// A handler that suspends for longer is answered for: 503. A backstop above its own deadline.
    std::chrono::milliseconds suspended_wait_max{10'000};
    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds header_timeout{5'000};
    std::chrono::milliseconds body_timeout{10'000};   ///< receiving a body; also sending an answer
    std::chrono::milliseconds idle_timeout{125'000};  ///< above the API server's 90 s
    std::uint64_t requests_per_connection_max = 10'000;
    std::chrono::milliseconds connection_age_max{600'000};
};

struct ServerOptions {
    std::string address = "0.0.0.0";
    std::uint16_t port = 0;  ///< 0: any free one, see Server::port()
    unsigned threads = 1;
    ServerLimits limits{};
    std::string metrics_prefix{};  ///< e.g. "registry_tenancy_webhook_server"; empty: none
};

/// Certificate and key as PEM, plus optionally the CA that client certificates must chain to.
struct ServingCertificate {
    std::string certificate_chain_pem;
    std::string private_key_pem;
    std::string client_ca_pem{};
};

/// HTTP/1.1 over TLS 1.2+ (or plain, for the admin port). Starts in the constructor's factory,
/// stops when destroyed.
class Server {
  public:
    virtual ~Server() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// New connections use it from now on. On error the one in use stays.
    [[nodiscard]] virtual Result<void> set_certificate(ServingCertificate const& certificate) = 0;
    /// From now on every answer says `Connection: close`; idle connections are closed. New ones are
    /// still accepted and served.
    virtual void drain() = 0;
    /// Stops accepting, waits for requests in flight for at most `grace`, then closes all.
    virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// A TLS server refuses handshakes until set_certificate() has succeeded once.
[[nodiscard]] Result<std::unique_ptr<Server>> start_tls_server(ServerOptions options,
                                                               Handler handler, Metrics& metrics);
[[nodiscard]] Result<std::unique_ptr<Server>> start_plain_server(ServerOptions options,
                                                                 Handler handler, Metrics& metrics);

/// What /livez and /readyz answer: empty = fine, else the reason (shown in the body).
struct AdminProbes {
    std::function<std::string()> not_live = [] { return std::string(); };
    std::function<std::string()> not_ready = [] { return std::string(); };
};
/// The admin port every program has: /livez, /readyz, /metrics over plain HTTP.
[[nodiscard]] Result<std::unique_ptr<Server>> start_admin_server(std::uint16_t port,
                                                                 AdminProbes probes,
                                                                 Metrics& metrics);

}  // namespace rt::http
