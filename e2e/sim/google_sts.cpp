#include "e2e/sim/google_sts.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <variant>

#include "e2e/sim/common/google.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view type_base = "urn:ietf:params:oauth:token-type:";
constexpr std::size_t subject_bytes_at_most = 127;
constexpr long token_seconds = 3599;

/// What a well-formed exchange asks for.
struct Exchange {
    GoogleProvider const* provider = nullptr;
    std::vector<std::string> scopes;
    std::string token;
};

CloudError invalid_value(std::string const& name, std::string const& more = "") {
    return {400, "invalid_request", "Invalid value for \"" + name + "\"." + more};
}

/// //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/NAME
bool is_provider_name(std::string const& text) {
    auto const parts = split(text, '/');
    return parts.size() == 11 && parts[2] == "iam.googleapis.com" && parts[3] == "projects" &&
           parse_number(parts[4], 1, 999999999999999) && parts[5] == "locations" &&
           parts[6] == "global" && parts[7] == "workloadIdentityPools" && !parts[8].empty() &&
           parts[9] == "providers" && !parts[10].empty();
}

std::variant<Exchange, CloudError> read_exchange(Request const& request, GoogleWorld const& world) {
    auto const form = parse_form(request.body);
    if (!form ||
        request.header("content-type").find("x-www-form-urlencoded") == std::string::npos) {
        return CloudError{400, "invalid_request", "The request is no form."};
    }
    auto const get = [&](std::string const& name) {
        return find_parameter(*form, name).value_or("");
    };
    if (get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange") {
        return invalid_value("grant_type");
    }
    if (get("requested_token_type") != std::string(type_base) + "access_token") {
        return invalid_value("requested_token_type");
    }
    std::string const type = get("subject_token_type");
    if (type != std::string(type_base) + "jwt" && type != std::string(type_base) + "id_token") {
        return invalid_value("subject_token_type");
    }
    std::string const audience = get("audience");
    if (!is_provider_name(audience)) {
        return invalid_value("audience",
                             " This value should be the full resource name of the Identity "
                             "Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/"
                             "v1/TopLevel/token for the list of possible formats.");
    }
    Exchange exchange{world.find_provider(audience), {}, get("subject_token")};
    if (exchange.provider == nullptr) {
        return CloudError{
            400, "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. "
            "This might either be because the pool or provider is disabled or deleted "
            "or because it doesn't exist."};
    }
    for (std::string const& scope : split(get("scope"), ' ')) {
        if (scope.compare(0, google_scope_base.size(), google_scope_base) != 0) {
            return CloudError{400, "invalid_scope", "Some of the requested scopes are invalid."};
        }
        exchange.scopes.push_back(scope);
    }
    return exchange;
}

/// The subject of a token that the provider takes.
std::variant<std::string, CloudError> verify(Exchange const& exchange,
                                             TokenVerifier const& verifier, TimePoint now) {
    auto const invalid = [](std::string const& why) {
        return CloudError{400, "invalid_grant", why};
    };
    auto const claims = verifier.verify(exchange.token);
    if (!claims) {
        return invalid("Invalid JWT signature.");
    }
    if (claims->issuer != exchange.provider->issuer) {
        return invalid("The issuer in ID Token " + claims->issuer +
                       " does not match the expected ones: " + exchange.provider->issuer);
    }
    if (!exchange.provider->takes_audience(claims->audience)) {
        return invalid("The audience in ID Token [" + claims->audience +
                       "] does not match the expected audience.");
    }
    if (claims->expires <= now) {
        return invalid("ID Token is stale to sign-in.");
    }
    if (claims->subject.size() > subject_bytes_at_most) {
        return invalid(
            "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either "
            "modify your attribute mapping or the incoming assertion to produce a mapped attribute "
            "that is less than 127 bytes.");
    }
    if (!exchange.provider->condition.holds(claims->subject)) {
        return CloudError{400, "unauthorized_client",
                          "The given credential is rejected by the attribute condition."};
    }
    return claims->subject;
}

}  // namespace

Response GoogleSts::render_error(CloudError const& error) const {
    if (error.http == 429 || error.http >= 500) {  // the front end's, not OAuth's
        return google_error(error);
    }
    value body = value::object(true);
    body["error"] = value::string(error.code);
    body["error_description"] = value::string(error.message);
    Response response;
    response.status = error.http;
    response.content_type = "application/json; charset=UTF-8";
    response.body = body.serialize();
    return response;
}

Response GoogleSts::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    scene.log.action = "ExchangeToken";
    if (request.method != "POST" || request.path != "/v1/token") {
        return fail({404, "invalid_request", "There is only POST /v1/token."});
    }
    auto const read = read_exchange(request, scene.world.google);
    if (auto const* error = std::get_if<CloudError>(&read)) {
        return fail(*error);
    }
    auto const& exchange = std::get<Exchange>(read);
    scene.log.role = exchange.provider->name;
    for (std::string const& scope : exchange.scopes) {
        scene.log.scope += (scene.log.scope.empty() ? "" : " ") + scope;
    }
    auto const verified = verify(exchange, verifier_, scene.now);
    auto const* subject = std::get_if<std::string>(&verified);
    if (subject == nullptr) {
        return fail(std::get<CloudError>(verified));
    }
    std::string const principal = exchange.provider->principal_of(*subject);
    scene.log.caller = principal;
    scene.log.session = *subject;
    auto const fault =
        take_fault(scene, {"ExchangeToken", exchange.provider->name, *subject, scene.log.scope});
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {429, "RESOURCE_EXHAUSTED", "Quota exceeded."}, fail)) {
            return *whole;
        }
    }
    bool const expired = fault && fault->mode == FaultMode::Expired;
    long const seconds = expired ? 0 : scene.faults.session_seconds().value_or(token_seconds);
    GoogleToken const token{principal, exchange.scopes, scene.now + std::chrono::seconds(seconds)};
    value body = value::object(true);
    body["access_token"] = value::string(seal_google_token(scene.sealer, token));
    body["issued_token_type"] = value::string(std::string(type_base) + "access_token");
    body["token_type"] = value::string("Bearer");
    body["expires_in"] = value::number(static_cast<int64_t>(seconds));
    Response response;
    response.content_type = "application/json; charset=UTF-8";
    response.body = body.serialize();
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
