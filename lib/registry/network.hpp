#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/http/no_proxy.hpp"
#include "lib/http/transport.hpp"

namespace rt::registry {

/// What walk() sees of the world; tests give their own.
struct Network {
    /// Addresses of a name. Error::code DNSFailed where there are none.
    std::function<Result<std::vector<std::string>>(std::string const& name)> resolve;
    /// Opens and closes a connection.
    std::function<Result<void>(std::string const& address, std::string const& port)> connect;
    /// A TLS handshake with host[:port]. Error::code TLSUntrusted where the certificate is not
    /// accepted.
    std::function<Result<void>(std::string const& authority)> handshake;
    http::Transport& transport;
    Clock& clock;
    /// The proxy that `transport` asks https://authority through; no function: it asks directly.
    http::ProxyOf proxy_of{};
};

/// The machine's own. `transport` is to trust the same, and to use that proxy.
[[nodiscard]] Network real_network(http::Transport& transport, http::CaBundles trusted,
                                   http::ProxyOf proxy_of, std::stop_token stop);

/// An address of a private network: RFC 1918, 100.64.0.0/10 (shared, and where clouds have their
/// endpoints), loopback, link-local, IPv6 unique-local.
[[nodiscard]] bool is_private_address(std::string const& address);

}  // namespace rt::registry
