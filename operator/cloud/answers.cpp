#include "operator/cloud/answers.hpp"

#include <algorithm>
#include <charconv>

#include "lib/base/time.hpp"

namespace rt::op {

ErrorKind kind_of_status(int status) {
    switch (status) {
        case 401:
            return ErrorKind::Unauthenticated;
        case 403:
            return ErrorKind::Forbidden;
        case 404:
            return ErrorKind::NotFound;
        case 409:
            return ErrorKind::Unavailable;
        case 429:
            return ErrorKind::Throttled;
        default:
            return status >= 500 ? ErrorKind::Unavailable : ErrorKind::InvalidArgument;
    }
}

Result<WallTime::duration> life_left(std::optional<WallTime> expires_at, WallTime now,
                                     WallTime::duration life_max, std::string const& what,
                                     std::string const& whose) {
    auto const life = expires_at ? std::min(*expires_at - now, life_max) : life_max;
    if (life <= life.zero()) {
        return fail(
            Error{ErrorKind::Expired, what +
                                          " arrived already expired; compare the clocks of this "
                                          "cluster and " +
                                          whose});
    }
    return life;
}

Error unreadable(http::Response const& response, std::string const& what) {
    ErrorKind const kind = response.status >= 500 ? ErrorKind::Unavailable : ErrorKind::Corrupt;
    Error error{kind, "HTTP " + std::to_string(response.status) + " with an answer that " + what};
    error.http_status = response.status;
    return error;
}

std::optional<WallTime> server_time(http::Response const& response) {
    auto const date = parse_http_date(response.headers.get("date"));
    return date ? std::optional<WallTime>(*date) : std::nullopt;
}

std::optional<std::chrono::milliseconds> retry_after(http::Response const& response) {
    std::string_view const text = response.headers.get("retry-after");
    int seconds = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || seconds < 0) {
        return std::nullopt;
    }
    return std::chrono::seconds(seconds);
}

}  // namespace rt::op
