#include "e2e/sim/azure_ad.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <variant>

#include "e2e/sim/common/azure_token.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view assertion_type =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::string_view token_path = "/oauth2/v2.0/token";
constexpr std::string_view discovery_path = "/v2.0/.well-known/openid-configuration";

using Outcome = std::variant<Response, CloudError>;

/// Codes are AADSTS numbers; the OAuth error that goes with one.
std::string oauth_error(CloudError const& error) {
    if (error.http == 401) {
        return "invalid_client";
    }
    if (error.http == 429 || error.http >= 500) {
        return "temporarily_unavailable";
    }
    return error.code == "AADSTS700016"    ? "unauthorized_client"
           : error.code == "AADSTS500011"  ? "invalid_resource"
           : error.code == "AADSTS1002012" ? "invalid_scope"
           : error.code == "AADSTS70003"   ? "unsupported_grant_type"
                                           : "invalid_request";
}

CloudError invalid_client(std::string const& code, std::string const& what) {
    return {401, code, what};
}

std::string no_match(std::string const& what, std::string const& is) {
    return "No matching federated identity record found for presented assertion " + what + " '" +
           is +
           "'. Check your federated identity credential Subject, Audience and Issuer against the "
           "presented assertion. "
           "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
}

/// Whether the assertion proves the application; nothing where it does.
std::optional<CloudError> refuse_assertion(std::string const& assertion,
                                           AzurePrincipal const& principal,
                                           TokenVerifier const* verifier, Scene& scene) {
    auto const claims = verifier == nullptr ? std::nullopt : verifier->verify(assertion);
    if (!claims) {
        return invalid_client("AADSTS700027",
                              "The certificate with identifier used to sign the client assertion "
                              "is not registered on application.");
    }
    scene.log.caller = claims->subject;
    if (claims->expires <= scene.now) {
        return invalid_client(
            "AADSTS700024", "Client assertion is not within its valid time range. Current time: " +
                                format_time(scene.now) + ", expiry time of assertion " +
                                format_time(claims->expires) + ".");
    }
    auto const& trusted = principal.federated;
    auto const any = [&](auto const& matches) {
        return std::any_of(trusted.begin(), trusted.end(), matches);
    };
    auto const by_issuer = [&](FederatedCredential const& each) {
        return each.issuer == claims->issuer;
    };
    auto const by_subject = [&](FederatedCredential const& each) {
        return by_issuer(each) && each.subject == claims->subject;
    };
    auto const wholly = [&](FederatedCredential const& each) {
        return by_subject(each) && each.audience == claims->audience;
    };
    if (trusted.empty()) {
        return invalid_client("AADSTS70025", "The client '" + principal.client_id +
                                                 "' has no configured federated identity "
                                                 "credentials.");
    }
    if (!any(by_issuer)) {
        return invalid_client("AADSTS700211", no_match("issuer", claims->issuer));
    }
    if (!any(by_subject)) {
        return invalid_client("AADSTS700213", no_match("subject", claims->subject));
    }
    if (!any(wholly)) {
        return invalid_client("AADSTS700212", no_match("audience", claims->audience));
    }
    return std::nullopt;
}

std::optional<CloudError> refuse_client(Parameters const& form, AzurePrincipal const& principal,
                                        TokenVerifier const* verifier, Scene& scene) {
    if (auto const assertion = find_parameter(form, "client_assertion")) {
        if (find_parameter(form, "client_assertion_type") != assertion_type) {
            return CloudError{400, "AADSTS900144", "client_assertion_type is not jwt-bearer."};
        }
        return refuse_assertion(*assertion, principal, verifier, scene);
    }
    auto const secret = find_parameter(form, "client_secret");
    if (!secret) {
        return invalid_client("AADSTS7000218",
                              "The request body must contain the following parameter: "
                              "'client_assertion' or 'client_secret'.");
    }
    scene.log.caller = "secret";
    if (principal.client_secret.empty() || !equal_constant_time(principal.client_secret, *secret)) {
        return invalid_client("AADSTS7000215",
                              "Invalid client secret provided. Ensure the secret being sent in the "
                              "request is the client secret value, not the client secret ID, for a "
                              "secret added to app '" +
                                  principal.client_id + "'.");
    }
    if (principal.secret_expired) {
        return invalid_client("AADSTS7000222", "The provided client secret keys for app '" +
                                                   principal.client_id + "' are expired.");
    }
    return std::nullopt;
}

Response json(value const& body) {
    Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = body.serialize();
    return response;
}

Response discovery(std::string const& host, std::string const& tenant) {
    std::string const base = "https://" + host + "/" + tenant;
    value body = value::object(true);
    body["token_endpoint"] = value::string(base + std::string(token_path));
    body["authorization_endpoint"] = value::string(base + "/oauth2/v2.0/authorize");
    body["issuer"] = value::string(base + "/v2.0");
    return json(body);
}

Outcome token(Parameters const& form, std::string const& tenant, TokenVerifier const* verifier,
              bool expired, Scene& scene) {
    std::string const grant = find_parameter(form, "grant_type").value_or("");
    if (grant != "client_credentials") {
        return CloudError{400, "AADSTS70003", "The app requested an unsupported grant type."};
    }
    AzurePrincipal const* principal = scene.world.azure.find_principal(scene.log.role);
    if (principal == nullptr || principal->tenant != tenant) {
        return CloudError{400, "AADSTS700016",
                          "Application with identifier '" + scene.log.role +
                              "' was not found in the directory '" + tenant + "'."};
    }
    std::string const& scope = scene.log.scope;
    std::string const suffix = "/.default";
    if (scope.size() <= suffix.size() ||
        scope.compare(scope.size() - suffix.size(), suffix.size(), suffix) != 0) {
        return CloudError{400, "AADSTS1002012",
                          "The provided value for scope " + scope +
                              " is not valid. Client credential flows must "
                              "have a scope value with /.default suffixed to "
                              "the resource identifier."};
    }
    std::string const audience = azure_resource(scope);
    if (audience.empty()) {
        return CloudError{400, "AADSTS500011",
                          "The resource principal named " +
                              scope.substr(0, scope.size() - suffix.size()) +
                              " was not found in the tenant."};
    }
    if (auto const error = refuse_client(form, *principal, verifier, scene)) {
        return *error;
    }
    long const seconds = expired ? -3600 : scene.world.azure.token_seconds;
    value body = value::object(true);
    body["token_type"] = value::string("Bearer");
    body["expires_in"] = value::number(static_cast<int64_t>(seconds));
    body["ext_expires_in"] = value::number(static_cast<int64_t>(seconds));
    body["access_token"] = value::string(make_azure_token(
        scene.sealer,
        {AzureToken::Kind::Aad, "https://sts.windows.net/" + tenant + "/", audience,
         principal->client_id, tenant, scene.now + std::chrono::seconds(seconds)},
        scene.now));
    return json(body);
}

}  // namespace

std::string azure_resource(std::string_view resource_or_scope) {
    std::string_view name = resource_or_scope;
    constexpr std::string_view suffix = "/.default";
    if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix) {
        name.remove_suffix(suffix.size());
    }
    while (!name.empty() && name.back() == '/') {
        name.remove_suffix(1);
    }
    for (std::string_view const known :
         {"https://containerregistry.azure.net", "https://management.azure.com",
          "https://management.core.windows.net", "https://management.chinacloudapi.cn",
          "https://management.usgovcloudapi.net", "https://vault.azure.net"}) {
        if (name == known) {
            return std::string(known);
        }
    }
    return {};
}

AzureAd::AzureAd(std::string const& oidc_key_file)
    : verifier_(oidc_key_file.empty() ? nullptr : std::make_unique<TokenVerifier>(oidc_key_file)) {}

Response AzureAd::render_error(CloudError const& error) const {
    std::string const id = lower_case(random_request_id());
    std::string const time = format_time(std::chrono::system_clock::now());
    std::string const digits =
        error.code.compare(0, 6, "AADSTS") == 0 ? error.code.substr(6) : std::string();
    value body = value::object(true);
    body["error"] = value::string(oauth_error(error));
    body["error_description"] =
        value::string(error.code + ": " + error.message + " Trace ID: " + id +
                      " Correlation ID: " + id + " Timestamp: " + time);
    value codes = value::array();
    if (auto const number = parse_number(digits, 1, 999999999)) {
        codes[0] = value::number(static_cast<int64_t>(*number));
    }
    body["error_codes"] = codes;
    body["timestamp"] = value::string(time);
    body["trace_id"] = value::string(id);
    body["correlation_id"] = value::string(id);
    Response response = json(body);
    response.status = error.http;
    return response;
}

Response AzureAd::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    std::size_t const slash = request.path.find('/', 1);
    std::string const tenant =
        slash == std::string::npos ? std::string() : request.path.substr(1, slash - 1);
    std::string const rest = slash == std::string::npos ? "" : request.path.substr(slash);
    scene.log.action = rest == token_path ? "Token" : rest == discovery_path ? "Discovery" : "";
    if (scene.log.action.empty()) {
        return fail({404, "AADSTS90002", "There is only /TENANT" + std::string(token_path) + "."});
    }
    if (!scene.world.azure.has_tenant(tenant, request.header("host"))) {
        return fail({400, "AADSTS90002",
                     "Tenant '" + tenant +
                         "' not found. Check to make sure you have the correct tenant ID and are "
                         "signing into the correct cloud."});
    }
    if (rest == discovery_path) {
        return discovery(request.header("host"), tenant);
    }
    auto const form = parse_form(request.body);
    if (request.method != "POST" || !form) {
        return fail({400, "AADSTS900561", "The endpoint only accepts POST requests with a form."});
    }
    scene.log.role = find_parameter(*form, "client_id").value_or("");
    scene.log.scope = find_parameter(*form, "scope").value_or("");
    auto const fault = take_fault(scene, {"Token", scene.log.role, "", scene.log.scope});
    if (fault) {
        if (auto whole = answer_of_fault(
                *fault, {429, "AADSTS90055", "The tenant is throttled: too many requests."},
                fail)) {
            whole->headers.emplace_back("Retry-After", "2");
            return *whole;
        }
    }
    bool const expired = fault && fault->mode == FaultMode::Expired;
    auto outcome = token(*form, tenant, verifier_.get(), expired, scene);
    if (auto const* error = std::get_if<CloudError>(&outcome)) {
        return fail(*error);
    }
    Response response = std::get<Response>(outcome);
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
