#include "operator/cloud/answers.hpp"

#include "lib/base/time.hpp"

namespace rt::op {

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

}  // namespace rt::op
