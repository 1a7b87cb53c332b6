#include "operator/cloud/alibaba/responses.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::alibaba {
namespace {

bool is_throttling(std::string_view code) {
    return code.starts_with("Throttling");
}

ErrorKind kind_of(std::string const& code, int status) {
    if (is_throttling(code) || status == 429) {
        return ErrorKind::Throttled;
    }
    if (code.starts_with("NoPermission") || code.starts_with("Forbidden") ||
        code.starts_with("AuthenticationFail.NoPermission")) {
        return ErrorKind::Forbidden;
    }
    if (code.starts_with("EntityNotExist") || code == "USER_NOT_EXIST" ||
        code.starts_with("INSTANCE_NOT_EXIST")) {
        return ErrorKind::NotFound;
    }
    if (code == "AuthenticationFail.OIDCToken.Expired") {
        return ErrorKind::Expired;  // every attempt reads or asks for a fresh one
    }
    if (code.starts_with("AuthenticationFail")) {
        return ErrorKind::Unauthenticated;
    }
    if (code.starts_with("InvalidSecurityToken") || code == "MissingSecurityToken" ||
        code.starts_with("InvalidAccessKeyId")) {
        return ErrorKind::Unauthenticated;
    }
    if (code.starts_with("InvalidTimeStamp") || code == "SignatureNonceUsed") {
        return ErrorKind::Unavailable;
    }
    if (status >= 500 || code == "InternalError" || code == "ServiceUnavailable") {
        return ErrorKind::Unavailable;
    }
    if (status == 403) {
        return ErrorKind::Forbidden;
    }
    return ErrorKind::InvalidArgument;
}

/// x-ratelimit-user: Limit:1,Remain:0,TimeLeft:2000,Reset:1234 (milliseconds).
std::optional<std::chrono::milliseconds> time_left(http::Response const& response) {
    for (std::string_view const name : {"x-ratelimit-user", "x-ratelimit-user-api"}) {
        for (std::string_view const part : split(response.headers.get(name), ',')) {
            constexpr std::string_view key = "TimeLeft:";
            std::int64_t milliseconds = 0;
            if (part.starts_with(key) &&
                std::from_chars(part.data() + key.size(), part.data() + part.size(), milliseconds)
                        .ec == std::errc{} &&
                milliseconds >= 0) {
                return std::min<std::chrono::milliseconds>(std::chrono::milliseconds(milliseconds),
                                                           std::chrono::hours(1));
            }
        }
    }
    return std::nullopt;
}

/// The older APIs spell their fields in lower case.
std::string first_string(Json const& object, std::string_view key, std::string_view other) {
    std::string value = string_at(object, key);
    return value.empty() ? string_at(object, other) : value;
}

Error cloud_error(http::Response const& response, Json const& body) {
    Error error;
    error.code = printable(first_string(body, "Code", "code"), 128);
    error.http_status = response.status;
    error.kind = kind_of(error.code, response.status);
    error.retry_after = time_left(response);
    error.message = (error.code.empty() ? "HTTP " + std::to_string(response.status) : error.code) +
                    ": " +
                    printable(first_string(body, "Message", "message"), cloud_text_bytes_max);
    if (Json const* const detail = find(body, "AccessDeniedDetail"); detail != nullptr) {
        if (std::string const action = string_at(*detail, "AuthAction"); !action.empty()) {
            error.message += " (denied action " + printable(action, 128) + ")";
        }
    }
    if (std::string const id = first_string(body, "RequestId", "requestId"); !id.empty()) {
        error.message += " (RequestId " + printable(id, 64) + ")";
    }
    return error;
}

Result<Json> read_body(http::Response const& response) {
    Result<Json> body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    bool const failed = response.status < 200 || response.status > 299;
    Json const* const success = find(*body, "IsSuccess");
    if (failed || (success != nullptr && success->is_boolean() && !success->get<bool>())) {
        return fail(cloud_error(response, *body));
    }
    return body;
}

Result<TemporaryKeys> read_keys(http::Response const& response, Json const& object) {
    TemporaryKeys read;
    read.keys.access_key_id = string_at(object, "AccessKeyId");
    read.keys.access_key_secret = SecretString(string_at(object, "AccessKeySecret"));
    read.keys.security_token = SecretString(string_at(object, "SecurityToken"));
    auto const expires = parse_rfc3339(string_at(object, "Expiration"));
    if (read.keys.access_key_id.empty() || read.keys.access_key_secret.empty() ||
        read.keys.security_token.empty() || !expires) {
        return fail(unreadable(
            response, "lacks one of AccessKeyId, AccessKeySecret, SecurityToken, Expiration"));
    }
    read.expires_at = *expires;
    read.answered_at = server_time(response);
    return read;
}

/// What an edition calls the parts of a docker login.
struct TokenNames {
    std::string_view username;
    std::string_view password;
    std::string_view expires;  ///< milliseconds since 1970
};

Result<AuthorizationToken> read_token(http::Response const& response, Json const& object,
                                      TokenNames const& names) {
    AuthorizationToken token;
    token.username = string_at(object, names.username);
    token.password = SecretString(string_at(object, names.password));
    Json const* const expires = find(object, names.expires);
    if (token.username.empty() || token.password.empty() || expires == nullptr ||
        !expires->is_number_integer() || expires->get<std::int64_t>() < 0 ||
        expires->get<std::int64_t>() / 1000 > epoch_seconds_max) {
        return fail(unreadable(response, "lacks one of " + std::string(names.username) + ", " +
                                             std::string(names.password) + ", " +
                                             std::string(names.expires)));
    }
    token.expires_at = WallTime(std::chrono::milliseconds(expires->get<std::int64_t>()));
    token.answered_at = server_time(response);
    return token;
}

Error metadata_error(http::Response const& response, std::string const& what) {
    Error error{ErrorKind::Unavailable, "HTTP " + std::to_string(response.status) + " for " + what};
    error.http_status = response.status;
    if (response.status == 403) {
        error.kind = ErrorKind::Forbidden;
        error.message += "; in security hardening mode it wants a token first";
    } else if (response.status == 404) {
        error.kind = ErrorKind::NotFound;
        error.message += "; no RAM role is attached to this instance";
    }
    return error;
}

}  // namespace

Result<SecretString> read_metadata_token(http::Response const& response) {
    std::string const token(trimmed(response.body));
    if (response.status != 200 || token.empty()) {
        return fail(metadata_error(response, "a session token"));
    }
    return SecretString(token);
}

Result<std::string> read_metadata_role(http::Response const& response) {
    std::string role(trimmed(response.body));
    if (response.status != 200) {
        return fail(metadata_error(response, "the instance role's name"));
    }
    if (role.empty() || role.find_first_of("\r\n/ ") != std::string::npos) {
        return fail(unreadable(response, "names no instance role"));
    }
    return role;
}

Result<TemporaryKeys> read_metadata_credentials(http::Response const& response) {
    if (response.status != 200) {
        return fail(metadata_error(response, "the instance role's credentials"));
    }
    RT_TRY(Json const body, read_body(response));
    if (std::string const code = string_at(body, "Code"); code != "Success") {
        return fail(unreadable(response, "says Code " + printable(code, 64) + ", not Success"));
    }
    return read_keys(response, body);
}

Result<TemporaryKeys> read_assume_role(http::Response const& response) {
    RT_TRY(Json const body, read_body(response));
    Json const* const credentials = find(body, "Credentials");
    if (credentials == nullptr) {
        return fail(unreadable(response, "has no Credentials"));
    }
    return read_keys(response, *credentials);
}

Result<AuthorizationToken> read_authorization_token(http::Response const& response) {
    RT_TRY(Json const body, read_body(response));
    return read_token(response, body, {"TempUsername", "AuthorizationToken", "ExpireTime"});
}

Result<AuthorizationToken> read_personal_token(http::Response const& response) {
    RT_TRY(Json const body, read_body(response));
    Json const* const data = find(body, "data");
    if (data == nullptr || !data->is_object()) {
        return fail(unreadable(response, "has no data"));
    }
    return read_token(response, *data, {"tempUserName", "authorizationToken", "expireDate"});
}

bool stale_keys(Error const& error) {
    return error.code.starts_with("InvalidSecurityToken") || error.code == "MissingSecurityToken" ||
           // An AccessKey that was replaced: disabled, deleted, or another secret under its ID.
           error.code.starts_with("InvalidAccessKeyId") || error.code == "SignatureDoesNotMatch";
}

bool clock_skew(Error const& error) {
    return error.code.starts_with("InvalidTimeStamp");
}

}  // namespace rt::op::alibaba
