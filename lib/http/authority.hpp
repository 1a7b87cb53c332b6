#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace rt::http {

/// "host" and "port" of host[:port] (RFC 3986 section 3.2, without user information);
/// `default_port` where none is written. The brackets of an IPv6 address stay on the host.
[[nodiscard]] std::pair<std::string, std::string> host_and_port(std::string_view authority,
                                                                std::string_view default_port);

}  // namespace rt::http
