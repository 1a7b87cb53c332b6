#include "lib/kube/core/status.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"

namespace rt::kube {
namespace {

/// Status messages can quote what the caller sent; nothing we show is longer than this.
constexpr std::size_t message_bytes_max = 2048;
/// A day: more is a mistake of the peer's, and must not overflow.
constexpr long long retry_after_seconds_max = 86'400;

ErrorKind kind_of_http(int status) {
    switch (status) {
        case 401:
            return ErrorKind::Unauthenticated;
        case 403:
            return ErrorKind::Forbidden;
        case 404:
            return ErrorKind::NotFound;
        case 409:
            return ErrorKind::Conflict;
        case 410:
            return ErrorKind::Expired;
        case 429:
            return ErrorKind::Throttled;
        default:
            break;
    }
    if (status >= 500) {
        return ErrorKind::Unavailable;
    }
    return status >= 400 ? ErrorKind::InvalidArgument : ErrorKind::Corrupt;
}

/// Reasons that say more than the HTTP status they come with (apimachinery, metav1.StatusReason).
ErrorKind kind_of(std::string_view reason, int status) {
    static constexpr std::array<std::pair<std::string_view, ErrorKind>, 10> reasons{{
        {"NotFound", ErrorKind::NotFound},
        {"AlreadyExists", ErrorKind::AlreadyExists},
        {"Conflict", ErrorKind::Conflict},
        {"Unauthorized", ErrorKind::Unauthenticated},
        {"Forbidden", ErrorKind::Forbidden},
        {"Gone", ErrorKind::Expired},
        {"Expired", ErrorKind::Expired},
        {"TooManyRequests", ErrorKind::Throttled},
        {"Timeout", ErrorKind::Unavailable},
        {"ServerTimeout", ErrorKind::Unavailable},
    }};
    for (auto const& [known, kind] : reasons) {
        if (reason == known) {
            return kind;
        }
    }
    return kind_of_http(status);
}

std::optional<std::chrono::milliseconds> seconds_of(long long seconds) {
    if (seconds <= 0 || seconds > retry_after_seconds_max) {
        return std::nullopt;
    }
    return std::chrono::seconds(seconds);
}

long long integer_at(Json const& object, std::string_view key) {
    Json const* const found = find(object, key);
    return found != nullptr && found->is_number_integer() ? found->get<long long>() : 0;
}

std::string telling_cause(Json const& details) {
    Json const* const causes = find(details, "causes");
    if (causes == nullptr || !causes->is_array()) {
        return {};
    }
    for (Json const& cause : *causes) {
        std::string reason = string_at(cause, "reason");
        if (reason == codes::namespace_terminating || reason == codes::resource_version_too_large) {
            return reason;
        }
    }
    return {};
}

}  // namespace

Error error_of_status(Json const& status) {
    Error error;
    error.code = string_at(status, "reason");
    error.http_status = static_cast<int>(integer_at(status, "code"));
    error.kind = kind_of(error.code, error.http_status);
    error.message = printable(string_at(status, "message"), message_bytes_max);
    if (error.message.empty()) {
        error.message = error.code.empty() ? "HTTP " + std::to_string(error.http_status)
                                           : printable(error.code, message_bytes_max);
    }
    if (Json const* const details = find(status, "details"); details != nullptr) {
        error.retry_after = seconds_of(integer_at(*details, "retryAfterSeconds"));
        if (std::string cause = telling_cause(*details); !cause.empty()) {
            error.code = std::move(cause);
        }
    }
    // Servers before 1.18 gave no cause for this one.
    if (error.message.find("Too large resource version") != std::string::npos) {
        error.code = codes::resource_version_too_large;
    }
    return error;
}

Error error_of_response(int http_status, std::string_view body, std::string_view retry_after) {
    Error error{kind_of_http(http_status), "HTTP " + std::to_string(http_status)};
    auto const parsed = parse_json(body);
    if (parsed && string_at(*parsed, "kind") == "Status") {
        error = error_of_status(*parsed);
    }
    error.http_status = http_status;
    long long seconds = 0;
    auto const [end, code] =
        std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    if (code == std::errc{} && end == retry_after.data() + retry_after.size()) {
        error.retry_after = seconds_of(seconds);
    }
    return error;
}

}  // namespace rt::kube
