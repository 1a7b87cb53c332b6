#pragma once

#include <string_view>

#include "lib/base/error.hpp"

namespace rt::http {

/// Error::code of two kinds of Unavailable that people mend in different places.
inline constexpr std::string_view dns_failed = "DNSFailed";
inline constexpr std::string_view tls_untrusted = "TLSUntrusted";

/// What a failed transfer means to a caller. `code` is a CURLcode; `detail` is libcurl's own text
/// for it, used only for the failures whose texts speak of addresses and certificates, never of
/// content.
[[nodiscard]] Error curl_error(int code, std::string_view host, std::string_view detail);

}  // namespace rt::http
