#include "operator/cloud/amazon/responses.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "operator/cloud/amazon/xml.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::amazon {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view code, std::array<std::string_view, N> const& codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// botocore's list (data/_retry.json), which is what AWS itself takes for throttling.
constexpr std::array<std::string_view, 14> throttling{"Throttling",
                                                      "ThrottlingException",
                                                      "ThrottledException",
                                                      "RequestThrottledException",
                                                      "RequestThrottled",
                                                      "TooManyRequestsException",
                                                      "ProvisionedThroughputExceededException",
                                                      "TransactionInProgressException",
                                                      "RequestLimitExceeded",
                                                      "BandwidthLimitExceeded",
                                                      "LimitExceededException",
                                                      "SlowDown",
                                                      "PriorRequestNotComplete",
                                                      "EC2ThrottledException"};
constexpr std::array<std::string_view, 6> forbidden{
    "AccessDenied",     "AccessDeniedException", "RegionDisabledException",
    "IDPRejectedClaim", "UnauthorizedOperation", "OptInRequired"};
constexpr std::array<std::string_view, 9> unauthenticated{"ExpiredToken",
                                                          "ExpiredTokenException",
                                                          "InvalidClientTokenId",
                                                          "UnrecognizedClientException",
                                                          "InvalidIdentityToken",
                                                          "IncompleteSignature",
                                                          "MissingAuthenticationToken",
                                                          "SignatureDoesNotMatch",
                                                          "InvalidSignatureException"};
constexpr std::array<std::string_view, 5> unavailable{"IDPCommunicationError", "ServiceUnavailable",
                                                      "InternalFailure", "ServerException",
                                                      "RequestExpired"};

/// Signatures that are too old or too new come under the code of wrong ones.
bool speaks_of_time(std::string_view message) {
    return message.find("Signature expired") != std::string_view::npos ||
           message.find("Signature not yet current") != std::string_view::npos;
}

ErrorKind kind_of(std::string_view code, std::string_view message, int status) {
    if (is_one_of(code, throttling) || status == 429) {
        return ErrorKind::Throttled;
    }
    if (is_one_of(code, forbidden)) {
        return ErrorKind::Forbidden;
    }
    if (is_one_of(code, unavailable) || status >= 500) {
        return ErrorKind::Unavailable;
    }
    if (is_one_of(code, unauthenticated)) {
        return speaks_of_time(message) ? ErrorKind::Unavailable : ErrorKind::Unauthenticated;
    }
    if (code == "NoSuchEntity") {
        return ErrorKind::NotFound;
    }
    return status == 403 ? ErrorKind::Forbidden : ErrorKind::InvalidArgument;
}

Error cloud_error(http::Response const& response, std::string_view code, std::string_view message,
                  std::string_view request_id) {
    // Some answers to a wrong signature go on with the canonical request, security token included.
    message = message.substr(0, message.find('\n'));
    Error error;
    error.code = printable(code, 128);
    error.http_status = response.status;
    error.kind = kind_of(code, message, response.status);
    error.retry_after = retry_after(response);
    error.message = (error.code.empty() ? "HTTP " + std::to_string(response.status) : error.code) +
                    ": " + printable(message, cloud_text_bytes_max);
    if (!request_id.empty()) {
        error.message += " (RequestId " + printable(request_id, 64) + ")";
    }
    return error;
}

Result<TemporaryKeys> complete(http::Response const& response, TemporaryKeys read,
                               std::string_view expiration) {
    auto const expires = parse_rfc3339(expiration);
    if (read.keys.access_key_id.empty() || read.keys.access_key_secret.empty() ||
        read.keys.security_token.empty() || !expires) {
        return fail(unreadable(
            response, "lacks one of access key ID, secret access key, session token, expiration"));
    }
    read.expires_at = *expires;
    read.answered_at = server_time(response);
    return read;
}

/// The members that both of AWS' services on the node have.
Result<TemporaryKeys> keys_of(http::Response const& response, Json const& body) {
    TemporaryKeys read;
    read.keys.access_key_id = string_at(body, "AccessKeyId");
    read.keys.access_key_secret = SecretString(string_at(body, "SecretAccessKey"));
    read.keys.security_token = SecretString(string_at(body, "Token"));
    return complete(response, std::move(read), string_at(body, "Expiration"));
}

Error metadata_error(http::Response const& response, std::string const& what) {
    Error error{ErrorKind::Unavailable, "HTTP " + std::to_string(response.status) + " for " + what};
    error.http_status = response.status;
    if (response.status == 403) {
        error.kind = ErrorKind::Forbidden;
        error.message += "; it is disabled on this instance";
    } else if (response.status == 404) {
        error.kind = ErrorKind::NotFound;
        error.message += "; no such role is attached to this instance";
    }
    return error;
}

/// The code of "[request]: (AccessDeniedException): text, fault: client".
std::string_view agent_code(std::string_view body) {
    auto const begin = body.find('(');
    auto const end = body.find("): ");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
        return {};
    }
    std::string_view const code = body.substr(begin + 1, end - begin - 1);
    bool const word = std::all_of(code.begin(), code.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    return word ? code : std::string_view();
}

Error agent_error(http::Response const& response) {
    std::string_view const code = agent_code(response.body);
    Error error;
    error.code = printable(code, 128);
    error.http_status = response.status;
    error.retry_after = retry_after(response);
    error.message = "HTTP " + std::to_string(response.status) +
                    (code.empty() ? std::string() : ", " + error.code);
    // The kubelet has a fresh one soon.
    bool const stale_token = code == "ExpiredTokenException" || code == "InvalidTokenException";
    if (response.status == 429) {
        error.kind = ErrorKind::Throttled;
    } else if (response.status >= 500 || stale_token) {
        error.kind = ErrorKind::Unavailable;
    } else if (code == "ResourceNotFoundException") {
        error.kind = ErrorKind::NotFound;
        error.message += "; EKS has no association for the operator's ServiceAccount";
    } else {
        error.kind = response.status == 404 ? ErrorKind::NotFound : ErrorKind::Forbidden;
    }
    return error;
}

Result<TemporaryKeys> read_session(http::Response const& response, std::string_view action) {
    auto const xml = parse_xml(response.body);
    if (!xml) {
        return fail(unreadable(response, "is no XML of STS"));
    }
    if (response.status < 200 || response.status > 299) {
        std::string_view const id = xml->text_at({"RequestId"});
        // Some servers have the error one level deeper; Amazon's own SDK reads both.
        XmlElement const* const list = xml->child("Errors");
        XmlElement const& root = list == nullptr ? *xml : *list;
        return fail(cloud_error(response, root.text_at({"Error", "Code"}),
                                root.text_at({"Error", "Message"}), id));
    }
    XmlElement const* const result = xml->child(std::string(action) + "Result");
    XmlElement const* const credentials =
        result == nullptr ? nullptr : result->child("Credentials");
    if (credentials == nullptr) {
        return fail(unreadable(response, "has no Credentials"));
    }
    TemporaryKeys read;
    read.keys.access_key_id = credentials->text_at({"AccessKeyId"});
    read.keys.access_key_secret = SecretString(credentials->text_at({"SecretAccessKey"}));
    read.keys.security_token = SecretString(credentials->text_at({"SessionToken"}));
    return complete(response, std::move(read), credentials->text_at({"Expiration"}));
}

/// The code alone of "com.amazonaws.ecr#AccessDeniedException:http://...".
std::string_view bare_code(std::string_view code) {
    code = code.substr(0, code.find(':'));
    auto const hash = code.rfind('#');
    return hash == std::string_view::npos ? code : code.substr(hash + 1);
}

Error json_error(http::Response const& response, Json const& body) {
    std::string const type = string_at(body, "__type");
    std::string_view const header = response.headers.get("x-amzn-errortype");
    std::string message = string_at(body, "message");
    if (message.empty()) {
        message = string_at(body, "Message");
    }
    return cloud_error(response, bare_code(header.empty() ? std::string_view(type) : header),
                       message, response.headers.get("x-amzn-requestid"));
}

/// "AWS:password" in base64.
Result<AuthorizationToken> decode_login(std::string const& encoded) {
    RT_TRY(std::string const decoded, base64_decode(encoded));
    auto const colon = decoded.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == decoded.size()) {
        return fail(Error{ErrorKind::Corrupt, "no user and password"});
    }
    AuthorizationToken token;
    token.username = decoded.substr(0, colon);
    token.password = SecretString(std::string_view(decoded).substr(colon + 1));
    return token;
}

}  // namespace

Result<SecretString> read_metadata_token(http::Response const& response) {
    std::string const token(trimmed(response.body));
    if (response.status != 200 || token.empty()) {
        return fail(metadata_error(response, "a session token (IMDSv2)"));
    }
    return SecretString(token);
}

Result<std::string> read_metadata_role(http::Response const& response) {
    if (response.status != 200) {
        return fail(metadata_error(response, "the instance role's name"));
    }
    std::string_view const list = trimmed(response.body);
    std::string role(trimmed(list.substr(0, list.find('\n'))));
    if (role.empty() || role.find_first_of("/ ") != std::string::npos) {
        return fail(unreadable(response, "names no instance role"));
    }
    return role;
}

Result<TemporaryKeys> read_metadata_credentials(http::Response const& response) {
    if (response.status != 200) {
        return fail(metadata_error(response, "the instance role's credentials"));
    }
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    if (std::string const code = string_at(*body, "Code"); code != "Success") {
        return fail(unreadable(response, "says Code " + printable(code, 64) + ", not Success"));
    }
    return keys_of(response, *body);
}

Result<TemporaryKeys> read_pod_identity(http::Response const& response) {
    if (response.status != 200) {
        return fail(agent_error(response));
    }
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    return keys_of(response, *body);
}

Result<TemporaryKeys> read_assume_role(http::Response const& response) {
    return read_session(response, "AssumeRole");
}

Result<TemporaryKeys> read_web_identity(http::Response const& response) {
    return read_session(response, "AssumeRoleWithWebIdentity");
}

Result<AuthorizationToken> read_authorization_token(http::Response const& response) {
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    if (response.status < 200 || response.status > 299) {
        return fail(json_error(response, *body));
    }
    Json const* const list = find(*body, "authorizationData");
    Json const* const data =
        list != nullptr && list->is_array() && !list->empty() ? &list->front() : nullptr;
    Json const* const expires = data == nullptr ? nullptr : find(*data, "expiresAt");
    // Epoch seconds with a fraction.
    constexpr auto seconds_max = static_cast<double>(epoch_seconds_max);
    if (expires == nullptr || !expires->is_number() || expires->get<double>() < 0 ||
        expires->get<double>() > seconds_max) {
        return fail(unreadable(response, "lacks authorizationData with expiresAt"));
    }
    Result<AuthorizationToken> token = decode_login(string_at(*data, "authorizationToken"));
    if (!token) {
        return fail(unreadable(response, "has no authorizationToken that is user and password"));
    }
    token->expires_at = WallTime(std::chrono::duration_cast<WallTime::duration>(
        std::chrono::duration<double>(expires->get<double>())));
    token->answered_at = server_time(response);
    return token;
}

bool stale_keys(Error const& error) {
    return error.code == "ExpiredToken" || error.code == "ExpiredTokenException" ||
           error.code == "InvalidClientTokenId" || error.code == "UnrecognizedClientException";
}

bool clock_skew(Error const& error) {
    return error.code == "RequestExpired" ||
           ((error.code == "SignatureDoesNotMatch" || error.code == "InvalidSignatureException") &&
            speaks_of_time(error.message));
}

}  // namespace rt::op::amazon
