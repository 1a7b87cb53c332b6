#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/ca_bundles.hpp"
#include "lib/http/message.hpp"
#include "lib/http/proxy.hpp"

namespace rt::http {

/// Sends requests; the only seam between our clients and the network. Blocking, thread-safe.
/// Any HTTP status is a success here; errors are transport trouble: Unavailable (DNS, connect, TLS,
/// reset), DeadlineExceeded, Cancelled (stop requested), Corrupt (larger than the body limit).
/// Redirects are never followed (credentials go nowhere else); a proxy is used only where the
/// options name one, whatever the environment says.
class Transport {
  public:
    virtual ~Transport() = default;

    virtual Result<Response> send(Request const& request, std::stop_token stop) = 0;

    /// Called with each chunk of a 2xx body as it arrives; returning false ends the stream.
    using OnChunk = std::function<bool(std::string_view)>;
    /// Streams a response body. The returned Response has status and headers; its body is filled
    /// only when the status is not 2xx. Ends when the peer ends, `on_chunk` returns false
    /// (success), the stop is requested (Cancelled) or nothing arrives for `idle_timeout`
    /// (DeadlineExceeded).
    virtual Result<Response> stream(Request const& request, OnChunk const& on_chunk,
                                    std::chrono::milliseconds idle_timeout,
                                    std::stop_token stop) = 0;
};

/// How a client proves itself and whom it trusts. PEM texts, not paths.
struct TlsOptions {
    std::string ca_pem{};  ///< trusted besides nothing else, unless use_system_cas
    bool use_system_cas = true;
    /// By host without a port: trusted for it instead of all of the above.
    std::map<std::string, std::string, std::less<>> ca_of_host{};
    std::string client_certificate_pem{};
    SecretString client_key_pem{};
    std::string server_name{};  ///< checked instead of the URL's host, if not empty
};

/// The system's certificates and these.
[[nodiscard]] inline TlsOptions trusting(CaBundles const& bundles) {
    TlsOptions options;
    options.ca_pem = bundles.everywhere;
    options.ca_of_host = bundles.of_host;
    return options;
}

struct CurlTransportOptions {
    TlsOptions tls{};
    std::size_t body_bytes_max =
        std::size_t{64} * 1024;  ///< a cloud's answer; the API server's client raises it
    std::size_t idle_connections_max = 32;
    std::string user_agent = "registry-tenancy/" RT_VERSION;
    std::optional<Proxy> proxy{};
    /// By host without a port: HOST[:PORT] to connect to instead, a cloud's private endpoint. Names
    /// asked for and certificates checked stay those of the URL.
    std::map<std::string, std::string, std::less<>> connect_to{};
};

/// libcurl behind the seam; verifies peer and host name always.
[[nodiscard]] std::unique_ptr<Transport> make_curl_transport(CurlTransportOptions options);

/// Whether the server behind an https URL proves to be who it should be: a TLS handshake and not a
/// byte of HTTP. With TLS 1.3 it succeeds also where the server demands a client certificate that
/// we don't have, because a client is done before the server looks at that (RFC 8446 section 4.4).
[[nodiscard]] Result<void> verify_server(std::string const& url, TlsOptions tls,
                                         std::chrono::milliseconds timeout, std::stop_token stop);

}  // namespace rt::http
