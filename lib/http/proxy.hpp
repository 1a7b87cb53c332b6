#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"

namespace rt::http {

/// A proxy that https requests go through (CONNECT): what it carries stays encrypted end to end,
/// and the server is verified as without it. Plain http never uses one: metadata services are no
/// business of a proxy.
struct Proxy {
    SecretString url;       ///< http://[USER:PASSWORD@]HOST:PORT
    std::string authority;  ///< HOST:PORT, fit to be shown
    /// Hosts that are asked directly: names (with all below them), addresses, networks in CIDR
    /// notation, "*" for all; separated by commas.
    std::string exceptions{};
};

/// Reads http://[USER:PASSWORD@]HOST:PORT or HOST:PORT. InvalidArgument, beginning with `name`, for
/// what is no http proxy; the message holds no password.
[[nodiscard]] Result<Proxy> parse_proxy(std::string const& name, std::string const& url);

/// The proxy of HTTPS_PROXY and NO_PROXY (or in lower case, which win, as curl and Go have it);
/// nullopt: none. `variable` gives an environment variable's value, empty where it is not set.
[[nodiscard]] Result<std::optional<Proxy>> find_proxy(
    std::function<std::string(char const* name)> const& variable);
/// The same of this process.
[[nodiscard]] Result<std::optional<Proxy>> find_proxy();

}  // namespace rt::http
