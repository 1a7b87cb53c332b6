#include "e2e/sim/aws_sts.hpp"

#include <algorithm>
#include <variant>

#include "e2e/sim/common/sigv4.hpp"

namespace sim {
namespace {

constexpr std::string_view xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
constexpr long session_seconds_at_least = 900;
constexpr long session_seconds_at_most = 43200;
constexpr long chained_seconds_at_most = 3600;
constexpr std::size_t policy_characters_at_most = 2048;

using Outcome = std::variant<Response, CloudError>;

/// The parameters of both AssumeRole actions.
struct Asked {
    std::string role_arn, session_name, external_id, policy, duration, token;
    std::map<std::string, std::string> tags;
};

bool made_of(std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::string xml_escape(std::string_view text) {
    std::string out;
    for (char const c : text) {
        out += c == '&'   ? "&amp;"
               : c == '<' ? "&lt;"
               : c == '>' ? "&gt;"
               : c == '"' ? "&quot;"
                          : std::string(1, c);
    }
    return out;
}

std::string element(std::string const& name, std::string_view text) {
    return "<" + name + ">" + xml_escape(text) + "</" + name + ">";
}

Response xml_answer(std::string const& action, std::string const& result) {
    Response response;
    response.content_type = "text/xml";
    response.body = "<" + action + "Response xmlns=\"" + std::string(xml_namespace) + "\">\n  <" +
                    action + "Result>\n    " + result + "\n  </" + action +
                    "Result>\n  <ResponseMetadata>\n    " +
                    element("RequestId", lower_case(random_request_id())) +
                    "\n  </ResponseMetadata>\n</" + action + "Response>\n";
    return response;
}

CloudError validation(std::string const& what) {
    return {400, "ValidationError", what};
}

CloudError invalid_value(std::string const& name, std::string const& rule) {
    return validation("1 validation error detected: Value at '" + name +
                      "' failed to satisfy constraint: " + rule);
}

Asked read_parameters(Parameters const& parameters) {
    auto const get = [&](std::string const& name) {
        return find_parameter(parameters, name).value_or("");
    };
    Asked asked{get("RoleArn"),
                get("RoleSessionName"),
                get("ExternalId"),
                get("Policy"),
                get("DurationSeconds"),
                get("WebIdentityToken"),
                {}};
    for (int i = 1; i <= 50; ++i) {
        std::string const member = "Tags.member." + std::to_string(i);
        if (auto const key = find_parameter(parameters, member + ".Key")) {
            asked.tags[*key] = get(member + ".Value");
        }
    }
    return asked;
}

std::optional<CloudError> check_grammar(Asked const& asked, Parameters const& parameters) {
    auto const arn = split(asked.role_arn, ':');
    if (arn.size() != 6 || arn[0] != "arn" || arn[2] != "iam" ||
        arn[5].compare(0, 5, "role/") != 0) {
        return validation(asked.role_arn + " is invalid");
    }
    if (asked.session_name.size() < 2 || asked.session_name.size() > 64 ||
        !made_of(asked.session_name, "_+=,.@-")) {
        return invalid_value("roleSessionName",
                             "Member must satisfy regular expression pattern: [\\w+=,.@-]*");
    }
    if (find_parameter(parameters, "ExternalId") &&
        (asked.external_id.size() < 2 || asked.external_id.size() > 1224 ||
         !made_of(asked.external_id, "_+=,.@:/-"))) {
        return invalid_value("externalId",
                             "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*");
    }
    if (asked.policy.size() > policy_characters_at_most) {
        return invalid_value("policy", "Member must have length less than or equal to 2048");
    }
    if (!asked.duration.empty() &&
        !parse_number(asked.duration, session_seconds_at_least, session_seconds_at_most)) {
        return invalid_value("durationSeconds", "Member must have value between 900 and 43200");
    }
    std::string problem;
    if (!asked.policy.empty() && !Policy::parse(asked.policy, problem, Cloud::Amazon)) {
        return CloudError{400, "MalformedPolicyDocument", "Syntax errors in policy: " + problem};
    }
    return std::nullopt;
}

std::variant<long, CloudError> session_seconds(Asked const& asked, Role const& role, bool chained,
                                               Scene const& scene) {
    long const seconds = parse_number(asked.duration, 0, session_seconds_at_most).value_or(3600);
    if (chained && seconds > chained_seconds_at_most) {
        return validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining");
    }
    if (seconds > role.max_session_seconds) {
        return validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for "
            "this role.");
    }
    return scene.faults.session_seconds().value_or(
        role.session_seconds_override > 0 ? role.session_seconds_override : seconds);
}

/// The Result's elements for a new session of the role.
std::string assumed(Asked const& asked, TimePoint expires, Scene const& scene,
                    std::vector<std::string> const& transitive_tags = {}) {
    Session session = new_session(asked.role_arn, asked.session_name, asked.policy, expires);
    session.transitive_tags = transitive_tags;
    std::string const percent = std::to_string(
        (asked.policy.size() * 100 + policy_characters_at_most - 1) / policy_characters_at_most);
    return "<Credentials>" + element("AccessKeyId", session.access_key_id) +
           element("SecretAccessKey", session.access_key_secret) +
           element("SessionToken", seal_session(scene.sealer, session)) +
           element("Expiration", format_time(expires)) + "</Credentials><AssumedRoleUser>" +
           element("AssumedRoleId",
                   "AROA" + account_of(asked.role_arn) + ":" + asked.session_name) +
           element("Arn", caller_of(session).full_arn()) + "</AssumedRoleUser>" +
           (asked.policy.empty() ? "" : element("PackedPolicySize", percent));
}

/// Whether the caller may assume the role: both sides must agree, but within one account a trust
/// policy that names the caller itself is enough.
bool may_assume(Caller const& caller, Asked const& asked, Role const& role, Scene const& scene) {
    TrustQuestion question{"sts:AssumeRole", caller.arn, false, {}};
    if (!asked.external_id.empty()) {
        question.context["sts:ExternalId"] = asked.external_id;
    }
    for (auto const& [key, text] : asked.tags) {
        question.context["aws:RequestTag/" + key] = text;
    }
    TrustQuestion tagging = question;
    tagging.action = "sts:TagSession";
    // Tags that go on from session to session count like those that are asked for.
    bool const tagged = !asked.tags.empty() || !caller.transitive_tags.empty();
    if (!role.iam_trust.allows(question) || (tagged && !role.iam_trust.allows(tagging))) {
        return false;
    }
    bool const named_at_home =
        caller.account == account_of(role.arn) && role.iam_trust.names(caller.arn);
    return named_at_home ||
           evaluate(scene.world, caller, "sts:AssumeRole", role.arn) == Verdict::Allowed;
}

CloudError not_authorized(std::string const& who, std::string const& action,
                          std::string const& resource) {
    return {
        403, "AccessDenied",
        "User: " + who + " is not authorized to perform: " + action + " on resource: " + resource};
}

Outcome assume_role(Caller const& caller, Asked const& asked, bool expired, Scene const& scene) {
    Role const* role = scene.world.find_role(asked.role_arn);
    // A role that does not exist is told from one that does not trust by nobody.
    if (role == nullptr || !may_assume(caller, asked, *role, scene)) {
        return not_authorized(caller.full_arn(), "sts:AssumeRole", asked.role_arn);
    }
    for (std::string const& key : caller.transitive_tags) {
        if (asked.tags.count(key) != 0) {
            return validation("The tag " + key +
                              " is inherited from the calling session and can't be set again");
        }
    }
    auto const seconds = session_seconds(asked, *role, !caller.session.empty(), scene);
    if (auto const* error = std::get_if<CloudError>(&seconds)) {
        return *error;
    }
    auto const life = std::chrono::seconds(expired ? -3600 : std::get<long>(seconds));
    return xml_answer("AssumeRole",
                      assumed(asked, scene.now + life, scene, caller.transitive_tags));
}

Outcome assume_role_with_web_identity(Asked const& asked, TokenVerifier const* verifier,
                                      bool expired, Scene& scene) {
    auto const claims = verifier == nullptr ? std::nullopt : verifier->verify(asked.token);
    if (!claims) {
        return CloudError{400, "InvalidIdentityToken",
                          "Couldn't retrieve verification key from your identity provider, or the "
                          "token is not signed with it"};
    }
    scene.log.caller = claims->subject;
    if (claims->expires <= scene.now) {
        return CloudError{400, "ExpiredTokenException",
                          "Token expired: current date/time " + format_time(scene.now)};
    }
    OidcProvider const* provider =
        scene.world.find_oidc_provider(claims->issuer, account_of(asked.role_arn));
    if (provider == nullptr) {
        return CloudError{400, "InvalidIdentityToken",
                          "No OpenIDConnect provider found in your account for " + claims->issuer};
    }
    // Condition keys begin with the issuer without its scheme.
    std::string const prefix = claims->issuer.substr(claims->issuer.find("://") + 3);
    TrustQuestion const question{
        "sts:AssumeRoleWithWebIdentity",
        provider->arn,
        true,
        {{prefix + ":sub", claims->subject}, {prefix + ":aud", claims->audience}}};
    Role const* role = scene.world.find_role(asked.role_arn);
    if (role == nullptr || !role->iam_trust.allows(question)) {
        return CloudError{403, "AccessDenied",
                          "Not authorized to perform sts:AssumeRoleWithWebIdentity"};
    }
    auto const seconds = session_seconds(asked, *role, false, scene);
    if (auto const* error = std::get_if<CloudError>(&seconds)) {
        return *error;
    }
    auto const life = std::chrono::seconds(expired ? -3600 : std::get<long>(seconds));
    return xml_answer("AssumeRoleWithWebIdentity",
                      assumed(asked, scene.now + life, scene) +
                          element("SubjectFromWebIdentityToken", claims->subject) +
                          element("Audience", claims->audience) +
                          element("Provider", provider->arn));
}

Response caller_identity(Caller const& caller) {
    return xml_answer("GetCallerIdentity", element("Arn", caller.full_arn()) +
                                               element("UserId", "AIDA" + caller.account) +
                                               element("Account", caller.account));
}

CloudError signature_error(SignatureError const& error) {
    switch (error.problem) {
        case SignatureProblem::Missing:
            return {403, "MissingAuthenticationToken", error.message};
        case SignatureProblem::Incomplete:
            return {400, "IncompleteSignature", error.message};
        case SignatureProblem::UnknownKey:
            return {403, "InvalidClientTokenId", error.message};
        case SignatureProblem::Expired:
            return {403, "ExpiredToken", error.message};
        case SignatureProblem::Wrong:
        case SignatureProblem::Clock:
            break;
    }
    return {403, "SignatureDoesNotMatch", error.message};
}

}  // namespace

AwsSts::AwsSts(std::string const& oidc_key_file)
    : verifier_(oidc_key_file.empty() ? nullptr : std::make_unique<TokenVerifier>(oidc_key_file)) {}

Response AwsSts::render_error(CloudError const& error) const {
    Response response;
    response.status = error.http;
    response.content_type = "text/xml";
    response.body =
        "<ErrorResponse xmlns=\"" + std::string(xml_namespace) + "\">\n  <Error>\n    " +
        element("Type", error.http >= 500 ? "Receiver" : "Sender") + element("Code", error.code) +
        element("Message", error.message) + "\n  </Error>\n  " +
        element("RequestId", lower_case(random_request_id())) + "\n</ErrorResponse>\n";
    return response;
}

Response AwsSts::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    auto const parameters = parse_form(request.body);
    if (request.method != "POST" || request.path != "/" || !parameters) {
        return fail({400, "MalformedInput", "POST a form to /."});
    }
    std::string const action = find_parameter(*parameters, "Action").value_or("");
    Asked const asked = read_parameters(*parameters);
    scene.log.action = action;
    scene.log.role = asked.role_arn;
    scene.log.session = asked.session_name;
    scene.log.external_id = asked.external_id;
    scene.log.policy = asked.policy;
    for (auto const& [key, text] : asked.tags) {
        scene.log.scope += (scene.log.scope.empty() ? "" : " ") + key + "=" + text;
    }
    bool const web_identity = action == "AssumeRoleWithWebIdentity";
    Caller caller;
    if (!web_identity) {
        auto const verified = verify_sigv4(request, scene.world, scene.sealer,
                                           scene.world.ec2.region, "sts", scene.now);
        if (auto const* error = std::get_if<SignatureError>(&verified)) {
            return fail(signature_error(*error));
        }
        caller = std::get<Caller>(verified);
        scene.log.caller = caller.full_arn();
    }
    if (find_parameter(*parameters, "Version").value_or("") != "2011-06-15") {
        return fail({400, "InvalidAction", "Could not find operation for this version."});
    }
    auto const fault = take_fault(scene, {action, asked.role_arn, asked.session_name, ""});
    if (fault) {
        if (auto whole = answer_of_fault(*fault, {400, "Throttling", "Rate exceeded"}, fail)) {
            return *whole;
        }
    }
    bool const expired = fault && fault->mode == FaultMode::Expired;
    if (action == "GetCallerIdentity") {
        return caller_identity(caller);
    }
    if (!web_identity && action != "AssumeRole") {
        return fail({400, "InvalidAction", "Could not find operation " + action});
    }
    if (auto const error = check_grammar(asked, *parameters)) {
        return fail(*error);
    }
    Outcome const outcome =
        web_identity ? assume_role_with_web_identity(asked, verifier_.get(), expired, scene)
                     : assume_role(caller, asked, expired, scene);
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
