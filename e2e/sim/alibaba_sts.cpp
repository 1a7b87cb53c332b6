#include "e2e/sim/alibaba_sts.hpp"

#include <cpprest/json.h>

#include <algorithm>

#include "e2e/sim/common/alibaba_call.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr long session_seconds_at_least = 900;
constexpr std::size_t policy_bytes_at_most = 2048;

/// The parameters of AssumeRole, within their grammar.
struct AssumeRole {
    std::string role_arn;
    std::string session_name;
    std::string external_id;
    std::string policy;
    std::string duration;
};

bool made_of(std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

bool is_role_arn(std::string_view arn) {
    auto const parts = split(arn, ':');
    return parts.size() == 5 && parts[0] == "acs" && parts[1] == "ram" && parts[2].empty() &&
           parts[3].size() >= 4 && made_of(parts[3], "") &&
           parts[3].find_first_not_of("0123456789") == std::string::npos &&
           parts[4].compare(0, 5, "role/") == 0 && parts[4].size() > 5 && parts[4].size() <= 69 &&
           made_of(std::string_view(parts[4]).substr(5), ".-_");
}

CloudError no_permission() {
    return {403, "NoPermission",
            "You are not authorized to do this action. You should be authorized by RAM."};
}

/// Of a call that carries no signature: query and form together, and the two headers that newer
/// SDKs send instead of query parameters.
std::optional<Parameters> unsigned_parameters(Request const& request) {
    auto all = parse_form(request.query);
    auto const form = parse_form(request.body);
    if (!all || !form) {
        return std::nullopt;
    }
    all->insert(all->end(), form->begin(), form->end());
    for (auto const& [header, name] :
         {std::pair{"x-acs-action", "Action"}, std::pair{"x-acs-version", "Version"}}) {
        if (!find_parameter(*all, name) && !request.header(header).empty()) {
            all->emplace_back(name, request.header(header));
        }
    }
    return all;
}

AssumeRole read_parameters(Parameters const& parameters) {
    auto const get = [&](std::string_view name) {
        return find_parameter(parameters, name).value_or("");
    };
    return {get("RoleArn"), get("RoleSessionName"), get("ExternalId"), get("Policy"),
            get("DurationSeconds")};
}

/// The grammar of each parameter; the role's own limit of DurationSeconds comes later.
std::optional<CloudError> check_grammar(AssumeRole const& asked, Parameters const& parameters) {
    if (asked.role_arn.empty()) {
        return CloudError{400, "MissingParameter.RoleArn", "The parameter RoleArn is missing."};
    }
    if (!is_role_arn(asked.role_arn)) {
        return CloudError{400, "InvalidParameter.RoleArn",
                          "The parameter RoleArn is wrongly formed."};
    }
    if (asked.session_name.size() < 2 || asked.session_name.size() > 64 ||
        !made_of(asked.session_name, ".@-_")) {
        return CloudError{400, "InvalidParameter.RoleSessionName",
                          "The parameter RoleSessionName is wrongly formed."};
    }
    if (find_parameter(parameters, "ExternalId") &&
        (asked.external_id.size() < 2 || asked.external_id.size() > 1224 ||
         !made_of(asked.external_id, "_+=,.@:/-"))) {
        return CloudError{400, "InvalidParameter.ExternalId",
                          "The parameter ExternalId is wrongly formed."};
    }
    if (asked.policy.size() > policy_bytes_at_most) {
        return CloudError{400, "InvalidParameter.PolicySize",
                          "The size of Policy must be smaller than 2048 bytes."};
    }
    std::string problem;
    if (!asked.policy.empty() && !Policy::parse(asked.policy, problem)) {
        return CloudError{400, "InvalidParameter.PolicyGrammar",
                          "The parameter Policy has not passed grammar check: " + problem};
    }
    return std::nullopt;
}

std::variant<long, CloudError> session_seconds(AssumeRole const& asked, Role const& role,
                                               Scene& scene) {
    long seconds = std::min(3600L, role.max_session_seconds);
    if (!asked.duration.empty()) {
        auto const written =
            parse_number(asked.duration, session_seconds_at_least, role.max_session_seconds);
        if (!written) {
            return CloudError{400, "InvalidParameter.DurationSeconds",
                              "The Min/Max value of DurationSeconds is 15min/" +
                                  std::to_string(role.max_session_seconds / 60) + "min."};
        }
        seconds = *written;
    }
    if (role.session_seconds_override > 0) {
        seconds = role.session_seconds_override;
    }
    return scene.faults.session_seconds().value_or(seconds);
}

value assumed(AssumeRole const& asked, TimePoint expires, Scene const& scene) {
    Session const session = new_session(asked.role_arn, asked.session_name, asked.policy, expires);
    value user = value::object(true);
    user["Arn"] = value::string(caller_of(session).full_arn());
    user["AssumedRoleId"] =
        value::string("3" + account_of(asked.role_arn) + ":" + asked.session_name);
    value credentials = value::object(true);
    credentials["SecurityToken"] = value::string(seal_session(scene.sealer, session));
    credentials["AccessKeyId"] = value::string(session.access_key_id);
    credentials["AccessKeySecret"] = value::string(session.access_key_secret);
    credentials["Expiration"] = value::string(format_time(expires));
    value body = value::object(true);
    body["RequestId"] = value::string(random_request_id());
    body["AssumedRoleUser"] = user;
    body["Credentials"] = credentials;
    return body;
}

Response answered(value const& body) {
    Response response;
    response.body = body.serialize();
    return response;
}

/// What the token says, as STS repeats it.
value token_info(TokenClaims const& claims) {
    value info = value::object(true);
    info["Subject"] = value::string(claims.subject);
    info["Issuer"] = value::string(claims.issuer);
    info["ClientIds"] = value::string(claims.audience);
    info["ExpirationTime"] = value::string(format_time(claims.expires));
    info["VerificationInfo"] = value::string("Success");
    return info;
}

/// Why the provider does not take the token; nothing where it does.
std::optional<CloudError> check_token(std::optional<TokenClaims> const& claims,
                                      OidcProvider const& provider, TimePoint now) {
    if (!claims) {
        return CloudError{400, "AuthenticationFail.OIDCToken.Invalid",
                          "The OIDC token is malformed or its signature is not valid."};
    }
    if (claims->expires <= now) {
        return CloudError{400, "AuthenticationFail.OIDCToken.Expired",
                          "This JsonWebToken is expired."};
    }
    if (claims->issuer != provider.issuer) {
        return CloudError{400, "AuthenticationFail.OIDCToken.IssuerNotMatch",
                          "The issuer of the token is not that of the provider."};
    }
    auto const& audiences = provider.client_ids;
    if (std::find(audiences.begin(), audiences.end(), claims->audience) == audiences.end()) {
        return CloudError{400, "AuthenticationFail.OIDCToken.AudienceNotMatch",
                          "Invalid audience."};
    }
    return std::nullopt;
}

std::variant<Response, CloudError> assume_role(SignedRequest const& request,
                                               AssumeRole const& asked, bool expired,
                                               Scene& scene) {
    if (auto const error = check_grammar(asked, request.parameters)) {
        return *error;
    }
    if (evaluate(scene.world, request.caller, "sts:AssumeRole", asked.role_arn) !=
        Verdict::Allowed) {
        return no_permission();
    }
    Role const* role = scene.world.find_role(asked.role_arn);
    if (role == nullptr) {
        return CloudError{404, "EntityNotExist.Role", "The specified Role not exists ."};
    }
    if (!role->trust.trusts(request.caller.arn, asked.external_id)) {
        return no_permission();
    }
    auto const seconds = session_seconds(asked, *role, scene);
    if (auto const* error = std::get_if<CloudError>(&seconds)) {
        return *error;
    }
    auto const life =
        expired ? std::chrono::seconds(-3600) : std::chrono::seconds(std::get<long>(seconds));
    return answered(assumed(asked, scene.now + life, scene));
}

Response caller_identity(Caller const& caller) {
    bool const role = !caller.session.empty();
    value body = value::object(true);
    body["IdentityType"] = value::string(role ? "AssumedRoleUser" : "RAMUser");
    body["AccountId"] = value::string(caller.account);
    body["RequestId"] = value::string(random_request_id());
    body["PrincipalId"] = value::string("3" + caller.account + (role ? ":" + caller.session : ""));
    body[role ? "RoleId" : "UserId"] = value::string("3" + caller.account);
    body["Arn"] = value::string(caller.full_arn());
    Response response;
    response.body = body.serialize();
    return response;
}

}  // namespace

AlibabaSts::AlibabaSts(std::string const& oidc_key_file)
    : verifier_(oidc_key_file.empty() ? nullptr : std::make_unique<TokenVerifier>(oidc_key_file)) {}

std::variant<Response, CloudError> AlibabaSts::assume_with_token(Parameters const& parameters,
                                                                 bool expired, Scene& scene) {
    AssumeRole const asked = read_parameters(parameters);
    if (find_parameter(parameters, "Version").value_or("") != "2015-04-01") {
        return CloudError{400, "InvalidVersion", "Specified parameter Version is not valid."};
    }
    if (auto const error = check_grammar(asked, parameters)) {
        return *error;
    }
    std::string const token = find_parameter(parameters, "OIDCToken").value_or("");
    if (token.size() < 4 || token.size() > 20000) {
        return CloudError{400, "InvalidParameter.OIDCToken",
                          "The parameter OIDCToken is wrongly formed."};
    }
    OidcProvider const* provider = scene.world.find_oidc_provider_arn(
        find_parameter(parameters, "OIDCProviderArn").value_or(""));
    if (provider == nullptr || cloud_of(provider->arn) != Cloud::Alibaba) {
        return CloudError{403, "AuthenticationFail.NoPermission",
                          "No such OIDC Provider registered."};
    }
    auto const claims = verifier_ == nullptr ? std::nullopt : verifier_->verify(token);
    if (auto const error = check_token(claims, *provider, scene.now)) {
        return *error;
    }
    scene.log.caller = claims->subject;
    Role const* role = scene.world.find_role(asked.role_arn);
    if (role == nullptr) {
        return CloudError{404, "EntityNotExist.Role", "The specified Role not exists ."};
    }
    if (account_of(provider->arn) != account_of(role->arn) ||
        !role->trust.trusts_token(provider->arn, {{"oidc:iss", claims->issuer},
                                                  {"oidc:sub", claims->subject},
                                                  {"oidc:aud", claims->audience}})) {
        return CloudError{403, "AuthenticationFail.NoPermission", "There is no permission"};
    }
    auto const seconds = session_seconds(asked, *role, scene);
    if (auto const* error = std::get_if<CloudError>(&seconds)) {
        return *error;
    }
    auto const life = std::chrono::seconds(expired ? -3600 : std::get<long>(seconds));
    value body = assumed(asked, scene.now + life, scene);
    body["OIDCTokenInfo"] = token_info(*claims);
    return answered(body);
}

Response AlibabaSts::with_token(Request const& request, Parameters const& parameters,
                                Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    AssumeRole const asked = read_parameters(parameters);
    scene.log.action = "AssumeRoleWithOIDC";
    scene.log.role = asked.role_arn;
    scene.log.session = asked.session_name;
    scene.log.policy = asked.policy;
    if (request.method != "POST" && request.method != "GET") {
        return fail({405, "UnsupportedHTTPMethod", "This HTTP method is not supported."});
    }
    auto const fault =
        take_fault(scene, {scene.log.action, asked.role_arn, asked.session_name, ""});
    if (fault) {
        CloudError const throttled{400, "Throttling.User",
                                   "Request was denied due to user flow control."};
        if (auto whole = answer_of_fault(*fault, throttled, fail)) {
            return *whole;
        }
    }
    auto outcome = assume_with_token(parameters, fault && fault->mode == FaultMode::Expired, scene);
    if (auto const* error = std::get_if<CloudError>(&outcome)) {
        return fail(*error);
    }
    Response response = std::get<Response>(outcome);
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

Response AlibabaSts::render_error(CloudError const& error) const {
    return alibaba_error(error, "sts.aliyuncs.com");
}

Response AlibabaSts::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    if (auto const all = unsigned_parameters(request);
        all && find_parameter(*all, "Action").value_or("") == "AssumeRoleWithOIDC") {
        return with_token(request, *all, scene);
    }
    auto const opened = open_alibaba_call(request, "2015-04-01", nonces_, scene);
    if (auto const* error = std::get_if<CloudError>(&opened)) {
        return fail(*error);
    }
    auto const& known = std::get<SignedRequest>(opened);
    AssumeRole const asked = read_parameters(known.parameters);
    scene.log.role = asked.role_arn;
    scene.log.session = asked.session_name;
    scene.log.external_id = asked.external_id;
    scene.log.policy = asked.policy;
    auto const fault = take_fault(scene, {known.action, asked.role_arn, asked.session_name, ""});
    if (fault) {
        CloudError const throttled{400, "Throttling.User",
                                   "Request was denied due to user flow control."};
        if (auto whole = answer_of_fault(*fault, throttled, fail)) {
            return *whole;
        }
    }
    Response response;
    if (known.action == "AssumeRole") {
        bool const expired = fault && fault->mode == FaultMode::Expired;
        auto outcome = assume_role(known, asked, expired, scene);
        if (auto const* error = std::get_if<CloudError>(&outcome)) {
            return fail(*error);
        }
        response = std::get<Response>(outcome);
    } else if (known.action == "GetCallerIdentity") {
        response = caller_identity(known.caller);
    } else {
        return fail({404, "InvalidAction.NotFound", "Specified api is not found."});
    }
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
