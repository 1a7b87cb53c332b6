#pragma once

#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"

namespace rt {

/// RFC 3339 in UTC with whole seconds: 2024-01-02T03:04:05Z (metav1.Time's form).
[[nodiscard]] std::string format_rfc3339(WallTime time);
/// RFC 3339 in UTC with microseconds: 2024-01-02T03:04:05.000000Z (metav1.MicroTime's form).
[[nodiscard]] std::string format_rfc3339_micro(WallTime time);
/// RFC 3339 with 'Z' or a numeric offset, fractions allowed. InvalidArgument otherwise.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);
/// RFC 9110 IMF-fixdate: "Fri, 02 Jan 2026 03:04:05 GMT".
[[nodiscard]] std::string format_http_date(WallTime time);
/// RFC 9110 IMF-fixdate, as in the Date header. InvalidArgument otherwise.
[[nodiscard]] Result<WallTime> parse_http_date(std::string_view text);

}  // namespace rt
