#pragma once

#include <string_view>

#include "lib/base/error.hpp"

namespace rt::http {

/// What a failed transfer means to a caller. `code` is a CURLcode; `detail` is libcurl's own text
/// for it, used only for the failures whose texts speak of addresses and certificates, never of
/// content.
[[nodiscard]] Error curl_error(int code, std::string_view host, std::string_view detail);

}  // namespace rt::http
