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

std::string trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    auto const first = text.find_first_not_of(space);
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(space) - first + 1));
}

}  // namespace rt::op
