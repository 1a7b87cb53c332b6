#include "e2e/sim/registry_auth.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <variant>

#include "e2e/sim/common/image_store.hpp"
#include "e2e/sim/common/session.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::size_t scopes_at_most = 50;

/// One scope of the request: repository:ns/repo:pull,push
struct Scope {
    std::string type;
    std::string name;
    std::vector<std::string> actions;
};

/// Who logged in; nobody for an anonymous request.
struct Login {
    std::string subject;
    std::optional<Caller> caller;
    std::string instance;  ///< that the password was minted for; empty: any of the caller's account
};

std::optional<Scope> parse_scope(std::string_view text) {
    std::size_t const first = text.find(':');
    std::size_t const last = text.rfind(':');
    if (first == std::string_view::npos || first == last) {
        return std::nullopt;
    }
    Scope scope;
    scope.type = std::string(text.substr(0, std::min(first, text.find('('))));
    scope.name = std::string(text.substr(first + 1, last - first - 1));
    scope.actions = split(text.substr(last + 1), ',');
    return scope;
}

CloudError unauthorized(std::string const& why) {
    return {401, "UNAUTHORIZED", why};
}

std::variant<Login, CloudError> fixed_password(World const& world, std::string const& name,
                                               std::string_view password) {
    User const* user = world.find_registry_user(name);
    if (user == nullptr || user->registry_password.empty() ||
        !equal_constant_time(user->registry_password, password)) {
        return unauthorized("the username or password is wrong");
    }
    return Login{name, caller_of(*user), ""};
}

std::variant<Login, CloudError> log_in(std::string const& header, Scene const& scene) {
    if (header.empty()) {
        return Login{};
    }
    if (lower_case(header.substr(0, 6)) != "basic ") {
        return unauthorized("only Basic authentication is known");
    }
    auto const pair = base64_decode(trim(std::string_view(header).substr(6)));
    std::size_t const colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return unauthorized("the Basic credentials are malformed");
    }
    std::string const name = pair->substr(0, colon);
    std::string_view const password = std::string_view(*pair).substr(colon + 1);
    if (name != "cr_temp_user") {
        return fixed_password(scene.world, name, password);
    }
    auto const opened = open_registry_password(scene.sealer, password);
    if (!opened) {
        return unauthorized("the username or password is wrong");
    }
    if (opened->expires <= scene.now) {
        return unauthorized("the password has expired");
    }
    return Login{name, opened->caller, opened->instance};
}

bool is_public(Instance const& instance, std::string const& repository) {
    std::string const first = repository.substr(0, repository.find('/'));
    auto const& open = instance.public_namespaces;
    return std::find(open.begin(), open.end(), first) != open.end();
}

bool may(std::string const& action, Scope const& scope, Login const& login,
         Instance const& instance, World const& world) {
    if (scope.type != "repository" || scope.name.find('/') == std::string::npos) {
        return false;
    }
    if (action == "pull" && is_public(instance, scope.name)) {
        return true;
    }
    if (!login.caller || login.caller->account != instance.account) {
        return false;
    }
    if (!login.instance.empty() && login.instance != instance.id) {
        return false;
    }
    std::string const permission = action == "pull"   ? "cr:PullRepository"
                                   : action == "push" ? "cr:PushRepository"
                                                      : "";
    if (permission.empty()) {
        return false;
    }
    std::string const resource = "acs:cr:" + instance.region + ":" + instance.account +
                                 ":repository/" + (instance.personal ? "" : instance.id + "/") +
                                 scope.name;
    return evaluate(world, *login.caller, permission, resource) == Verdict::Allowed;
}

/// Every scope of the query: repeated parameters and several in one, separated by spaces.
std::vector<std::string> asked_scopes(Parameters const& query) {
    std::vector<std::string> out;
    for (auto const& [key, text] : query) {
        if (key != "scope") {
            continue;
        }
        for (std::string const& scope : split(text, ' ')) {
            if (!scope.empty()) {
                out.push_back(scope);
            }
        }
    }
    return out;
}

/// The access claim; writes what was granted into the log.
value grant(std::vector<Scope> const& scopes, Login const& login, Instance const& instance,
            Scene& scene) {
    value access = value::array();
    for (Scope const& scope : scopes) {
        value actions = value::array();
        std::string granted;
        for (std::string const& action : scope.actions) {
            if (!may(action, scope, login, instance, scene.world)) {
                continue;
            }
            actions[actions.size()] = value::string(action);
            granted += (granted.empty() ? "" : ",") + action;
        }
        if (granted.empty()) {
            continue;
        }
        value entry = value::object(true);
        entry["type"] = value::string(scope.type);
        entry["name"] = value::string(scope.name);
        entry["actions"] = actions;
        access[access.size()] = entry;
        scene.log.granted +=
            (scene.log.granted.empty() ? "" : " ") + scope.type + ":" + scope.name + ":" + granted;
    }
    return access;
}

std::string claims(value const& access, Login const& login, Instance const& instance,
                   Scene const& scene) {
    auto const now = static_cast<int64_t>(std::chrono::system_clock::to_time_t(scene.now));
    value body = value::object(true);
    body["iss"] = value::string(scene.world.token_issuer);
    body["sub"] = value::string(login.subject);
    body["aud"] = value::string(instance.service);
    body["exp"] = value::number(now + scene.world.token_seconds);
    body["nbf"] = value::number(now - 10);
    body["iat"] = value::number(now);
    body["jti"] = value::string(random_name(20));
    body["access"] = access;
    return body.serialize();
}

}  // namespace

Response RegistryAuth::render_error(CloudError const& error) const {
    Response response = registry_error(error);
    if (error.http == 401) {
        response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"registry\"");
    }
    return response;
}

Response RegistryAuth::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    scene.log.action = "Token";
    if (request.path != "/auth") {
        return fail({404, "NOT_FOUND", "there is only /auth"});
    }
    // containerd tries OAuth2 by POST first and falls back to GET on 405.
    if (request.method != "GET") {
        return fail({405, "UNSUPPORTED", "use GET"});
    }
    auto const query = parse_form(request.query);
    if (!query) {
        return fail({400, "UNSUPPORTED", "the query is not well encoded"});
    }
    std::vector<Scope> scopes;
    for (std::string const& text : asked_scopes(*query)) {
        auto const scope = parse_scope(text);
        if (!scope || scopes.size() == scopes_at_most) {
            return fail({400, "UNSUPPORTED", "the scopes cannot be understood"});
        }
        scopes.push_back(*scope);
        scene.log.scope += (scene.log.scope.empty() ? "" : " ") + text;
    }
    auto const logged_in = log_in(request.header("authorization"), scene);
    auto const* login = std::get_if<Login>(&logged_in);
    if (login != nullptr && login->caller) {
        scene.log.caller = login->caller->full_arn();
        scene.log.session = login->caller->session;
        scene.log.role = login->caller->session.empty() ? "" : login->caller->arn;
        scene.log.policy = login->caller->session_policy;
    }
    auto const fault =
        take_fault(scene, {"Token", scene.log.role, scene.log.session, scene.log.scope});
    if (fault) {
        CloudError const throttled{429, "TOOMANYREQUESTS", "slow down"};
        if (auto whole = answer_of_fault(*fault, throttled, fail)) {
            return *whole;
        }
        if (fault->mode == FaultMode::Expired) {
            return fail(unauthorized("the password has expired"));
        }
    }
    if (login == nullptr) {
        return fail(std::get<CloudError>(logged_in));
    }
    Instance const* instance =
        scene.world.find_service(find_parameter(*query, "service").value_or(""));
    if (instance == nullptr) {
        return fail({400, "UNSUPPORTED", "the service is not known"});
    }
    scene.log.instance = instance->id;

    value const access = grant(scopes, *login, *instance, scene);
    std::string const token = signer_.sign(claims(access, *login, *instance, scene));
    value body = value::object(true);
    body["token"] = value::string(token);
    body["access_token"] = value::string(token);
    body["expires_in"] = value::number(static_cast<int64_t>(scene.world.token_seconds));
    body["issued_at"] = value::string(format_time(scene.now));
    Response response;
    response.content_type = "application/json";
    response.body = body.serialize();
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
