#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/http/proxy.hpp"

namespace rt::http {

/// Tells the proxy (HOST:PORT) that https://AUTHORITY is asked through; empty: directly.
using ProxyOf = std::function<std::string(std::string const& authority)>;
[[nodiscard]] ProxyOf proxy_of(std::optional<Proxy> const& proxy);

/// Whether these exceptions (Proxy::exceptions) name a host, which is a name or an address without
/// a port.
[[nodiscard]] bool passes_by_proxy(std::string_view exceptions, std::string_view host);

}  // namespace rt::http
