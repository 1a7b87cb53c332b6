#include "operator/cloud/harbor/responses.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::harbor {
namespace {

/// Fifty robots, each with a hundred projects.
constexpr JsonLimits list_limits{std::size_t{1} * 1024 * 1024, 16};

/// What an admin changes; Harbor's own text says little more than the status.
std::string_view fix_for(int status) {
    switch (status) {
        case 401:
            return "the login in the Secret that the Registry's accessKey names is refused: that "
                   "robot was deleted, disabled or has expired; put a valid one into the Secret";
        case 403:
            return "the login in the Secret that the Registry's accessKey names needs to create, "
                   "list, read and delete robots in the system, and to pull from every project "
                   "that "
                   "tenancies allow, because no robot can give what it doesn't have";
        default:
            return {};
    }
}

/// The answer of a status that is no success.
Error harbor_error(http::Response const& response) {
    if (response.status >= 300 && response.status < 400) {
        Error error = invalid_argument(
            "HTTP " + std::to_string(response.status) +
            ": the answer leads elsewhere; write that address as the Registry's url, redirects are "
            "not followed");
        error.http_status = response.status;
        return error;
    }
    Error error;
    // Harbor's codes are names of HTTP's statuses. 409: the name is taken, by a try whose answer
    // was lost; the next one has another name.
    error.kind = kind_of_status(response.status);
    error.http_status = response.status;
    error.retry_after = retry_after(response);
    error.message = "HTTP " + std::to_string(response.status);
    Result<Json> const body = parse_json(response.body, answer_limits);
    Json const* const errors = body ? find(*body, "errors") : nullptr;
    if (errors != nullptr && errors->is_array() && !errors->empty()) {
        error.code = printable(string_at(errors->front(), "code"), 128);
        error.message += " " + error.code + ": " +
                         printable(string_at(errors->front(), "message"), cloud_text_bytes_max);
    }
    if (std::string_view const id = response.headers.get("x-request-id"); !id.empty()) {
        error.message += " (RequestId " + printable(id, 64) + ")";
    }
    if (std::string_view const fix = fix_for(response.status); !fix.empty()) {
        error.message += "; " + std::string(fix);
    }
    return error;
}

bool succeeded(http::Response const& response) {
    return response.status >= 200 && response.status <= 299;
}

std::optional<std::int64_t> integer_at(Json const& object, std::string_view key) {
    Json const* const value = find(object, key);
    return value != nullptr && value->is_number_integer()
               ? std::optional<std::int64_t>(value->get<std::int64_t>())
               : std::nullopt;
}

}  // namespace

Result<CreatedRobot> read_created_robot(http::Response const& response) {
    if (!succeeded(response)) {
        return fail(harbor_error(response));
    }
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    CreatedRobot robot;
    robot.name = string_at(*body, "name");
    robot.secret = SecretString(string_at(*body, "secret"));
    auto const expires = integer_at(*body, "expires_at");
    // A docker login ends its user at the first colon.
    if (robot.name.empty() || robot.name.find(':') != std::string::npos || robot.secret.empty() ||
        !expires || *expires < -1 || *expires > epoch_seconds_max) {
        return fail(unreadable(response, "lacks one of name, secret, expires_at"));
    }
    if (*expires != -1) {
        robot.expires_at = WallTime(std::chrono::seconds(*expires));
    }
    return robot;
}

Result<std::vector<ListedRobot>> read_robots(http::Response const& response) {
    if (!succeeded(response)) {
        return fail(harbor_error(response));
    }
    Result<Json> const body = parse_json(response.body, list_limits);
    // Harbor writes an empty list as null.
    if (!body || (!body->is_array() && !body->is_null())) {
        return fail(unreadable(response, "is no JSON list"));
    }
    std::vector<ListedRobot> robots;
    for (Json const& entry : *body) {
        auto const id = integer_at(entry, "id");
        ListedRobot robot{id.value_or(0), string_at(entry, "name"),
                          string_at(entry, "description")};
        if (!id || robot.name.empty()) {
            return fail(unreadable(response, "lists a robot without id or name"));
        }
        robots.push_back(std::move(robot));
    }
    return robots;
}

Result<void> read_deleted_robot(http::Response const& response) {
    if (!succeeded(response) && response.status != 404) {
        return fail(harbor_error(response));
    }
    return {};
}

}  // namespace rt::op::harbor
