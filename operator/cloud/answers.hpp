#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/json.hpp"
#include "lib/base/result.hpp"
#include "lib/http/message.hpp"

/// What all clouds' answers have in common.
namespace rt::op {

/// Answers are small and flat; these bounds only stop nonsense.
inline constexpr JsonLimits answer_limits{std::size_t{64} * 1024, 16};
/// What of a cloud's own text goes into an error message.
inline constexpr std::size_t cloud_text_bytes_max = 256;

/// No credential ends after 2255, and WallTime, in nanoseconds, ends in 2262: what claims more is
/// not converted.
inline constexpr std::int64_t epoch_seconds_max = 9'000'000'000;

/// Code of an error in which the cloud judges our signature or token by its time. It stands in for
/// the cloud's own, which may say no more than SignatureDoesNotMatch; the message has that one,
/// too.
inline constexpr std::string_view clock_skew_code = "ClockSkew";

/// What a status of an API of resources means (Harbor's, Azure Resource Manager's). A conflict with
/// another try or another change passes by itself.
[[nodiscard]] ErrorKind kind_of_status(int status);

/// How long that lasts which ends at `expires_at` by the clock of who made it, where it is `now`:
/// `life_max` at most, and where it never ends. Expired where it arrived so: "WHAT arrived already
/// expired; compare the clocks of this cluster and WHOSE".
[[nodiscard]] Result<WallTime::duration> life_left(std::optional<WallTime> expires_at, WallTime now,
                                                   WallTime::duration life_max,
                                                   std::string const& what,
                                                   std::string const& whose = "the cloud");

/// "HTTP 502 with an answer that WHAT": Unavailable for 5xx, else Corrupt. The answer itself is
/// never quoted.
[[nodiscard]] Error unreadable(http::Response const& response, std::string const& what);

/// The cloud's clock when it answered (Date header), if it said.
[[nodiscard]] std::optional<WallTime> server_time(http::Response const& response);

/// The seconds of Retry-After, where the answer has them (a date is not read).
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(http::Response const& response);

}  // namespace rt::op
