#include "operator/cloud/azure/responses.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::azure {
namespace {

/// What one of Entra ID's codes means for us, and what to do. Source: "Microsoft Entra
/// authentication and authorization error codes".
struct Meaning {
    std::string_view code;
    ErrorKind kind;
    std::string_view fix;
};
constexpr std::string_view trust_fix =
    "add a federated credential to the application with exactly this cluster's issuer, the "
    "subject and audience api://AzureADTokenExchange; a new one takes some minutes to be seen";
constexpr std::string_view secret_fix =
    "put a valid client secret (its value, not its ID) into "
    "the Secret that the Registry's accessKey names";
constexpr std::string_view keys_fix =
    "Entra ID does not find the cluster's signing keys at the issuer's address: it must be public "
    "and serve the keys that the API server signs with";
constexpr std::array<Meaning, 21> meanings{{
    {"AADSTS70021", ErrorKind::Forbidden, trust_fix},
    {"AADSTS70025", ErrorKind::Forbidden, trust_fix},
    {"AADSTS700211", ErrorKind::Forbidden, trust_fix},
    {"AADSTS700212", ErrorKind::Forbidden, trust_fix},
    {"AADSTS700213", ErrorKind::Forbidden, trust_fix},
    {"AADSTS7002138", ErrorKind::Forbidden, trust_fix},
    {"AADSTS700024", ErrorKind::Expired,
     "the clocks of this cluster and the cloud differ: check NTP on the nodes (or the kubelet no "
     "longer renews the operator's token)"},
    {"AADSTS50013", ErrorKind::Unauthenticated, keys_fix},
    {"AADSTS50027", ErrorKind::Unauthenticated, keys_fix},
    {"AADSTS700027", ErrorKind::Unauthenticated, keys_fix},
    {"AADSTS5000224", ErrorKind::Unavailable, ""},
    {"AADSTS7000215", ErrorKind::Unauthenticated, secret_fix},
    {"AADSTS7000222", ErrorKind::Unauthenticated, secret_fix},
    {"AADSTS7000112", ErrorKind::Forbidden, "enable the application's service principal"},
    {"AADSTS53003", ErrorKind::Forbidden, "a Conditional Access policy blocks this workload"},
    {"AADSTS700016", ErrorKind::NotFound,
     "correct the client ID (role of the tenancy, or clientID of the identity), or the Registry's "
     "tenantID"},
    {"AADSTS90002", ErrorKind::NotFound, "correct the Registry's tenantID, or its cloud"},
    {"AADSTS900023", ErrorKind::NotFound, "correct the Registry's tenantID"},
    {"AADSTS500011", ErrorKind::InvalidArgument,
     "no registry has ever been used in this tenant: correct the Registry's tenantID"},
    {"AADSTS90033", ErrorKind::Unavailable, ""},
    {"AADSTS90055", ErrorKind::Throttled, ""},
}};

ErrorKind kind_of(int status) {
    if (status == 429) {
        return ErrorKind::Throttled;
    }
    if (status >= 500) {
        return ErrorKind::Unavailable;
    }
    if (status == 401) {
        return ErrorKind::Unauthenticated;
    }
    return status == 403 ? ErrorKind::Forbidden : ErrorKind::InvalidArgument;
}

std::optional<long> number_of(std::string_view text) {
    long number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = !text.empty() && error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional<long>(number) : std::nullopt;
}

Error error_of(http::Response const& response, std::string_view code, std::string_view message) {
    Error error;
    error.kind = kind_of(response.status);
    error.code = printable(code, 64);
    error.http_status = response.status;
    error.retry_after = retry_after(response);
    error.message = (error.code.empty() ? "HTTP " + std::to_string(response.status) : error.code) +
                    ": " + printable(message, cloud_text_bytes_max);
    return error;
}

/// "AADSTS700213" of "AADSTS700213: No matching ..."; empty where it begins otherwise.
std::string_view entra_code(std::string_view description) {
    std::size_t const digits =
        description.starts_with("AADSTS")
            ? std::min(description.find_first_not_of("0123456789", 6), description.size())
            : 0;
    return digits > 6 ? description.substr(0, digits) : std::string_view();
}

Error entra_error(http::Response const& response, Json const& body) {
    std::string const description = string_at(body, "error_description");
    std::string_view const code = entra_code(description);
    std::string_view text = description;
    if (!code.empty()) {
        text = trimmed(text.substr(std::min(code.size() + 1, text.size())));
    }
    // What follows is said by trace_id again, or of no use.
    text = trimmed(text.substr(0, text.find("Trace ID:")));
    Error error = error_of(response, code.empty() ? string_at(body, "error") : code, text);
    auto const* const known =
        std::find_if(meanings.begin(), meanings.end(),
                     [&](Meaning const& meaning) { return meaning.code == code; });
    if (known != meanings.end() && response.status < 500) {
        error.kind = known->kind;
        if (error.kind == ErrorKind::Expired) {
            error.code = clock_skew_code;
        }
    }
    if (std::string const id = string_at(body, "trace_id"); !id.empty()) {
        error.message += " (trace ID " + printable(id, 64) + ")";
    }
    if (known != meanings.end() && !known->fix.empty()) {
        error.message += ": " + std::string(known->fix);
    }
    return error;
}

/// A number, or a text that is one: the metadata service writes texts.
std::optional<long> seconds_at(Json const& body, std::string_view key) {
    Json const* const value = find(body, key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_string()) {
        return number_of(value->get_ref<std::string const&>());
    }
    return value->is_number_integer() ? std::optional<long>(value->get<long>()) : std::nullopt;
}

Result<SecretString> token_of(http::Response const& response, Json const& body) {
    auto const life = seconds_at(body, "expires_in");
    std::string const token = string_at(body, "access_token");
    if (token.empty() || !life) {
        return fail(unreadable(response, "lacks access_token or expires_in"));
    }
    if (*life <= 0) {
        return fail(Error{ErrorKind::Expired, "the access token arrived already expired"});
    }
    return SecretString(token);
}

Error metadata_error(http::Response const& response, Json const& body) {
    std::string const text = string_at(body, "error_description");
    Error error = error_of(response, string_at(body, "error"), text);
    if (text.find("Identity not found") != std::string::npos) {
        error.kind = ErrorKind::NotFound;
        error.message +=
            ": assign the managed identity with this client ID to the nodes' scale set, or correct "
            "the client ID";
    } else if (text.find("Multiple user assigned") != std::string::npos) {
        error.message += ": name one as role of the tenancy, or as clientID of the identity";
    } else if (response.status == 404 || response.status == 410) {
        // Documented as passing: the service is being updated (410: for up to 70 seconds).
        error.kind = ErrorKind::Unavailable;
    }
    return error;
}

/// The payload of a JSON Web Token (RFC 7519), without looking at its signature: it is the
/// registry's to verify, we only want to know when it ends.
std::optional<Json> claims_of(std::string_view token) {
    auto const parts = split(token, '.');
    if (parts.size() != 3) {
        return std::nullopt;
    }
    std::string payload(parts[1]);
    std::replace(payload.begin(), payload.end(), '-', '+');
    std::replace(payload.begin(), payload.end(), '_', '/');
    payload.append((4 - payload.size() % 4) % 4, '=');
    auto const decoded = base64_decode(payload);
    auto claims = decoded ? parse_json(*decoded, answer_limits) : Result<Json>(fail(Error{}));
    return claims && claims->is_object() ? std::optional<Json>(std::move(*claims)) : std::nullopt;
}

Error registry_error(http::Response const& response, Json const& body) {
    Json const* const errors = find(body, "errors");
    Json const* const first =
        errors != nullptr && errors->is_array() && !errors->empty() ? &errors->front() : nullptr;
    Error error = error_of(response, first == nullptr ? "" : string_at(*first, "code"),
                           first == nullptr ? "" : string_at(*first, "message"));
    if (std::string_view const id = response.headers.get("x-ms-correlation-request-id");
        !id.empty()) {
        error.message += " (correlation ID " + printable(id, 64) + ")";
    }
    if (response.status == 401) {
        // It knows Entra ID's token and says no.
        error.kind = ErrorKind::Forbidden;
        error.message +=
            ": give the identity the role AcrPull on this registry (Container Registry Repository "
            "Reader where it uses ABAC), and check that the Registry's tenantID is the registry's; "
            "a new role assignment takes some minutes";
    } else if (response.status == 403) {
        error.message +=
            ": the registry's network rules do not let this cluster in: allow its egress address, "
            "or use the private endpoint";
    } else if (response.status == 404) {
        error.kind = ErrorKind::NotFound;
    }
    return error;
}

}  // namespace

Result<SecretString> read_managed_identity(http::Response const& response) {
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    if (response.status != 200) {
        return fail(metadata_error(response, *body));
    }
    return token_of(response, *body);
}

Result<SecretString> read_access_token(http::Response const& response) {
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    if (response.status != 200) {
        return fail(entra_error(response, *body));
    }
    return token_of(response, *body);
}

Result<RefreshToken> read_refresh_token(http::Response const& response) {
    Result<Json> const body = parse_json(response.body, answer_limits);
    if (!body || !body->is_object()) {
        return fail(unreadable(response, "is no JSON object"));
    }
    if (response.status != 200) {
        return fail(registry_error(response, *body));
    }
    std::string const token = string_at(*body, "refresh_token");
    auto const claims = claims_of(token);
    auto const expires = claims ? seconds_at(*claims, "exp") : std::nullopt;
    if (!expires || *expires < 0 || *expires > epoch_seconds_max) {
        return fail(unreadable(response, "has no refresh_token that is a JSON Web Token with exp"));
    }
    return RefreshToken{SecretString(token), WallTime(std::chrono::seconds(*expires))};
}

}  // namespace rt::op::azure
