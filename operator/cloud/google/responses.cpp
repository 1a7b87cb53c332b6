#include "operator/cloud/google/responses.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::google {
namespace {

/// Twelve hours are the most that an organisation can allow; more is nonsense, and bounds the sum
/// below.
constexpr std::int64_t life_seconds_max = 43'200;

struct Code {
    std::string_view name;
    ErrorKind kind;
};

/// RFC 6749 and 8693, and the canonical codes of Google's APIs.
constexpr std::array<Code, 17> codes{{
    {"invalid_grant", ErrorKind::Unauthenticated},
    {"invalid_client", ErrorKind::Unauthenticated},
    {"unauthorized_client", ErrorKind::Forbidden},
    {"access_denied", ErrorKind::Forbidden},
    {"invalid_target", ErrorKind::NotFound},
    {"server_error", ErrorKind::Unavailable},
    {"temporarily_unavailable", ErrorKind::Unavailable},
    {"UNAUTHENTICATED", ErrorKind::Unauthenticated},
    {"PERMISSION_DENIED", ErrorKind::Forbidden},
    {"NOT_FOUND", ErrorKind::NotFound},
    {"RESOURCE_EXHAUSTED", ErrorKind::Throttled},
    {"UNAVAILABLE", ErrorKind::Unavailable},
    {"INTERNAL", ErrorKind::Unavailable},
    {"ABORTED", ErrorKind::Unavailable},
    {"CANCELLED", ErrorKind::Unavailable},
    {"UNKNOWN", ErrorKind::Unavailable},
    {"DEADLINE_EXCEEDED", ErrorKind::Unavailable},
}};

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// "ID Token issued at ... is stale to sign-in", or is from the future.
bool speaks_of_time(std::string_view code, std::string_view message) {
    return code == "invalid_grant" && (has(message, "stale") || has(message, "future"));
}

ErrorKind kind_of(std::string_view code, std::string_view message, int status) {
    if (status == 429) {
        return ErrorKind::Throttled;
    }
    // The kubelet or the API server gives a fresh one, or the pool's view of the issuer recovers.
    if (speaks_of_time(code, message) || (code == "invalid_grant" && has(message, "onnect"))) {
        return ErrorKind::Unavailable;
    }
    auto const* const known =
        std::find_if(codes.begin(), codes.end(), [&](Code const& one) { return one.name == code; });
    if (known != codes.end()) {
        return known->kind;
    }
    if (status >= 500) {
        return ErrorKind::Unavailable;
    }
    return status == 403   ? ErrorKind::Forbidden
           : status == 401 ? ErrorKind::Unauthenticated
                           : ErrorKind::InvalidArgument;
}

/// What an admin changes where the cloud's own text leaves it open.
std::string_view fix_for(std::string_view code, std::string_view message) {
    if (code == "invalid_target") {
        return "compare identity.*.audience of the Registry with the provider's resource name";
    }
    if (code == "unauthorized_client") {
        return "let the provider's attribute condition accept this cluster's ServiceAccounts in "
               "the "
               "operator's namespace";
    }
    if (code == "invalid_grant" && has(message, "udience")) {
        return "the provider must allow the token's audience: sts.googleapis.com for identity "
               "OIDC, "
               "its own resource name for ServiceAccount";
    }
    if (speaks_of_time(code, message)) {
        return "the clocks of this cluster and Google differ: check NTP on the nodes (or the "
               "kubelet "
               "no longer renews the operator's token)";
    }
    if (code == "invalid_grant") {
        return "the provider must name this cluster's issuer and its present signing keys";
    }
    if (has(message, "authentication scopes")) {
        return "the node's service account needs the access scope cloud-platform";
    }
    if (has(message, "getAccessToken")) {
        return "give the caller roles/iam.serviceAccountTokenCreator on this service account "
               "(a federated principal: roles/iam.workloadIdentityUser)";
    }
    if (code == "NOT_FOUND") {
        return "the service account that the tenancy names as role must exist";
    }
    if (has(message, "lifetime")) {
        return "sessionDurationSeconds over 3600 needs the organisation policy "
               "iam.allowServiceAccountCredentialLifetimeExtension";
    }
    return {};
}

Error cloud_error(http::Response const& response, std::string_view code, std::string_view message) {
    Error error;
    error.code = printable(code, 64);
    error.http_status = response.status;
    error.kind = kind_of(code, message, response.status);
    error.retry_after = retry_after(response);
    std::string text = printable(message, cloud_text_bytes_max);
    if (std::string_view const fix = fix_for(code, message); !fix.empty()) {
        text.erase(text.find_last_not_of('.') + 1);
        text += "; " + std::string(fix);
    }
    error.message =
        (error.code.empty() ? "HTTP " + std::to_string(response.status) : error.code) + ": " + text;
    if (speaks_of_time(code, message)) {
        error.code = clock_skew_code;
    }
    return error;
}

/// The answer's JSON object, or the error that it reports.
Result<Json> read_object(http::Response const& response) {
    Result<Json> body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    if (response.status >= 200 && response.status <= 299) {
        return body;
    }
    Json const* const error = find(*body, "error");
    if (error != nullptr && error->is_object()) {
        return fail(
            cloud_error(response, string_at(*error, "status"), string_at(*error, "message")));
    }
    return fail(
        cloud_error(response, string_at(*body, "error"), string_at(*body, "error_description")));
}

/// {"access_token":..., "expires_in":..., "token_type":"Bearer"} of RFC 6749.
Result<AccessToken> read_relative(http::Response const& response, Json const& body) {
    SecretString token(string_at(body, "access_token"));
    Json const* const seconds = find(body, "expires_in");
    if (token.empty() || seconds == nullptr || !seconds->is_number_integer() ||
        seconds->get<std::int64_t>() > life_seconds_max ||
        seconds->get<std::int64_t>() < -life_seconds_max) {
        return fail(unreadable(response, "lacks one of access_token, expires_in"));
    }
    return AccessToken{std::move(token), std::chrono::seconds(seconds->get<std::int64_t>())};
}

}  // namespace

Result<AccessToken> read_metadata_token(http::Response const& response) {
    // Whoever answers without it is no metadata server.
    if (response.headers.get("metadata-flavor") != "Google") {
        return fail(unreadable(response, "is not of Google's metadata server"));
    }
    if (response.status != 200) {
        Error error{ErrorKind::Unavailable, "HTTP " + std::to_string(response.status)};
        error.http_status = response.status;
        if (response.status == 404) {
            error.kind = ErrorKind::NotFound;
            error.message += ": this node (or Pod) has no such service account";
        } else if (response.status == 403) {
            error.kind = ErrorKind::Forbidden;
        } else if (response.status == 429) {
            error.kind = ErrorKind::Throttled;
            error.retry_after = retry_after(response);
        }
        return fail(error);
    }
    RT_TRY(Json const body, read_object(response));
    return read_relative(response, body);
}

Result<AccessToken> read_exchange(http::Response const& response) {
    RT_TRY(Json const body, read_object(response));
    return read_relative(response, body);
}

Result<AccessToken> read_impersonation(http::Response const& response, WallTime now) {
    RT_TRY(Json const body, read_object(response));
    SecretString token(string_at(body, "accessToken"));
    auto const expires = parse_rfc3339(string_at(body, "expireTime"));
    if (token.empty() || !expires) {
        return fail(unreadable(response, "lacks one of accessToken, expireTime"));
    }
    return AccessToken{std::move(token), *expires - server_time(response).value_or(now)};
}

bool stale_token(Error const& error) {
    return error.code == "UNAUTHENTICATED" || error.http_status == 401;
}

}  // namespace rt::op::google
