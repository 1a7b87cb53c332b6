#include "operator/cloud/azure/scope_map_responses.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::azure {
namespace {

/// A page has at most some hundred scope maps; a scope map has at most 500 actions.
constexpr JsonLimits list_limits{std::size_t{1} * 1024 * 1024, 16};

/// What an admin changes.
std::string_view fix_for(int status) {
    switch (status) {
        case 401:
            return "the subscription in scopeMapTokens.resourceID must trust the Registry's "
                   "tenantID";
        case 404:
            return "correct scopeMapTokens.resourceID: az acr show --query id prints it";
        default:
            return {};
    }
}

Error management_error(http::Response const& response) {
    Error error;
    error.kind = kind_of_status(response.status);
    error.http_status = response.status;
    error.retry_after = retry_after(response);
    Result<Json> const body = parse_json(response.body, answer_limits);
    Json const* const said = body && body->is_object() ? find(*body, "error") : nullptr;
    if (said != nullptr) {
        error.code = printable(string_at(*said, "code"), 64);
    }
    error.message = error.code.empty() ? "HTTP " + std::to_string(response.status) : error.code;
    if (said != nullptr) {
        error.message += ": " + printable(string_at(*said, "message"), cloud_text_bytes_max);
    }
    if (std::string_view const id = response.headers.get("x-ms-correlation-request-id");
        !id.empty()) {
        error.message += " (correlation ID " + printable(id, 64) + ")";
    }
    if (std::string_view const fix = fix_for(response.status); !fix.empty()) {
        error.message += ": " + std::string(fix);
    }
    return error;
}

bool succeeded(http::Response const& response) {
    return response.status >= 200 && response.status <= 299;
}

Result<Json> object_of(http::Response const& response, JsonLimits const& limits) {
    if (!succeeded(response)) {
        return fail(management_error(response));
    }
    Result<Json> body = parse_json(response.body, limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    return body;
}

}  // namespace

Result<bool> read_provisioned(http::Response const& response) {
    RT_TRY(Json const body, object_of(response, answer_limits));
    Json const* const properties = find(body, "properties");
    if (properties == nullptr) {
        return fail(unreadable(response, "lacks properties"));
    }
    // Absent: nothing is left to do (Resource Manager's rules for long-running operations).
    std::string const state = string_at(*properties, "provisioningState");
    if (state == "Failed" || state == "Canceled" || state == "Deleting") {
        Error error{ErrorKind::Unavailable, "it is in state " + state};
        error.code = "Provisioning" + state;
        return fail(std::move(error));
    }
    return state.empty() || state == "Succeeded";
}

Result<TokenPassword> read_password(http::Response const& response) {
    RT_TRY(Json const body, object_of(response, answer_limits));
    TokenPassword result;
    result.username = string_at(body, "username");
    Json const* const passwords = find(body, "passwords");
    if (passwords == nullptr || !passwords->is_array()) {
        return fail(unreadable(response, "lacks passwords"));
    }
    for (Json const& one : *passwords) {
        if (string_at(one, "name") != "password1") {
            continue;
        }
        result.password = SecretString(string_at(one, "value"));
        if (std::string const expiry = string_at(one, "expiry"); !expiry.empty()) {
            auto const time = parse_rfc3339(expiry);
            if (!time) {
                return fail(unreadable(response, "has an expiry that is no time"));
            }
            result.expires_at = *time;
        }
    }
    // A docker login ends its user at the first colon.
    if (result.username.empty() || result.username.find(':') != std::string::npos ||
        result.password.empty()) {
        return fail(unreadable(response, "lacks username or password1"));
    }
    return result;
}

Result<ScopeMapPage> read_scope_maps(http::Response const& response) {
    RT_TRY(Json const body, object_of(response, list_limits));
    Json const* const list = find(body, "value");
    if (list == nullptr || !list->is_array()) {
        return fail(unreadable(response, "lists no scope maps"));
    }
    ScopeMapPage page;
    page.next = string_at(body, "nextLink");
    for (Json const& entry : *list) {
        Json const* const properties = find(entry, "properties");
        page.entries.push_back(
            {string_at(entry, "name"),
             properties != nullptr ? string_at(*properties, "description") : std::string()});
    }
    return page;
}

Result<bool> read_deleted(http::Response const& response) {
    if (!succeeded(response) && response.status != 404) {
        return fail(management_error(response));
    }
    return response.status != 202;
}

}  // namespace rt::op::azure
