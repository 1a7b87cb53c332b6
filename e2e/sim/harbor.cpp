#include "e2e/sim/harbor.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <map>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/image_store.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view token_purpose = "harbor-token";
constexpr auto token_life = std::chrono::minutes(30);
constexpr std::size_t scopes_at_most = 50;
/// The actions of scopes, and what allows them in a project.
std::map<std::string, std::string> const permission_of = {
    {"pull", "repository:pull"}, {"push", "repository:push"}, {"delete", "repository:delete"}};

constexpr char registry_protocol[] = "Docker-Distribution-Api-Version";

Response fail_with(CloudError const& error, Scene& scene) {
    scene.log.code = error.code;
    return registry_error(error);
}

bool may_pull(HarborCaller const& caller, std::string const& repository, World const& world) {
    HarborProject const* project =
        world.harbor.find_project(repository.substr(0, repository.find('/')));
    if (project == nullptr || repository.find('/') == std::string::npos) {
        return false;
    }
    return project->is_public || caller.may("project", project->name, "repository:pull");
}

/// "pull" or "pull,push": what is granted of repository:NAME:ACTIONS. Harbor grants all that the
/// caller may do there, whatever was asked for; nobody relies on it, so here it is the subset.
std::string granted_actions(std::string const& name, std::string const& asked,
                            HarborCaller const& caller, World const& world) {
    std::string granted;
    std::string const project = name.substr(0, name.find('/'));
    for (std::string const& action : split(asked, ',')) {
        auto const right = permission_of.find(action);
        bool const may = action == "pull" ? may_pull(caller, name, world)
                                          : right != permission_of.end() &&
                                                world.harbor.find_project(project) != nullptr &&
                                                caller.may("project", project, right->second);
        if (may) {
            granted += (granted.empty() ? "" : ",") + action;
        }
    }
    return granted;
}

/// Whether a bearer token lets its holder pull.
bool token_allows(std::string const& token, std::string const& repository, Scene const& scene) {
    auto const plain = scene.sealer.unseal(token_purpose, token);
    if (!plain) {
        return false;
    }
    value const body = value::parse(*plain);
    if (body.at("exp").as_number().to_int64() <= std::chrono::system_clock::to_time_t(scene.now)) {
        return false;
    }
    auto const& access = body.at("access").as_array();
    return std::any_of(access.begin(), access.end(), [&](value const& entry) {
        auto const actions = split(entry.at("actions").as_string(), ',');
        return entry.at("name").as_string() == repository &&
               std::find(actions.begin(), actions.end(), "pull") != actions.end();
    });
}

std::string challenge(Request const& request, std::string const& scope) {
    std::string text = "Bearer realm=\"https://" + request.header("host") +
                       "/service/token\",service=\"harbor-registry\"";
    return scope.empty() ? text : text + ",scope=\"" + scope + "\"";
}

/// A new token for what was granted, as the token service answers it.
Response token_response(value const& access, Scene const& scene) {
    auto const now = static_cast<int64_t>(std::chrono::system_clock::to_time_t(scene.now));
    auto const life = std::chrono::duration_cast<std::chrono::seconds>(token_life).count();
    value claims = value::object(true);
    claims["exp"] = value::number(now + static_cast<int64_t>(life));
    claims["access"] = access;
    std::string const token = scene.sealer.seal(token_purpose, claims.serialize());
    value body = value::object(true);
    body["token"] = value::string(token);
    body["access_token"] = value::string("");
    body["expires_in"] = value::number(static_cast<int64_t>(life));
    body["issued_at"] = value::string(format_time(scene.now));
    Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = body.serialize();
    return response;
}

}  // namespace

Response Harbor::render_error(CloudError const& error) const {
    return registry_error(error);
}

HarborCaller Harbor::log_in(Request const& request, Scene const& scene) const {
    std::string const& header = request.header("authorization");
    if (lower_case(header.substr(0, 6)) != "basic ") {
        return {};
    }
    auto const pair = base64_decode(trim(std::string_view(header).substr(6)));
    std::size_t const colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return {};
    }
    std::string const name = pair->substr(0, colon);
    std::string_view const password = std::string_view(*pair).substr(colon + 1);
    HarborWorld const& harbor = scene.world.harbor;
    if (HarborUser const* user = harbor.find_user(name)) {
        return equal_constant_time(user->password, password)
                   ? HarborCaller{name, user->administrator}
                   : HarborCaller{};
    }
    for (HarborFixedRobot const& robot : harbor.robots) {
        if (harbor.robot_prefix + robot.name == name) {
            return equal_constant_time(robot.secret, password)
                       ? HarborCaller{name, false, robot.permissions}
                       : HarborCaller{};
        }
    }
    auto const robot = robots_.find_by_name(name);
    bool const good =
        robot && robot->may_log_in(scene.now) && equal_constant_time(robot->secret, password);
    return good ? HarborCaller{name, false, robot->permissions} : HarborCaller{};
}

Response Harbor::answer_api(Request const& request, HarborApi::Subject const& subject,
                            Scene& scene) {
    HarborCaller const caller = log_in(request, scene);
    scene.log.caller = caller.name;
    scene.log.session = subject.robot;
    auto const fault = take_fault(scene, {subject.action, caller.name, subject.robot, ""});
    auto const fail = [&](CloudError const& error) { return fail_with(error, scene); };
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {429, "TOO_MANY_REQUEST", "too many requests"}, fail)) {
            return *whole;
        }
    }
    auto const answered = api_.answer(request, subject, caller, fault, scene);
    if (auto const* error = std::get_if<CloudError>(&answered)) {
        return fail(*error);
    }
    Response response = std::get<Response>(answered);
    response.headers.emplace_back("X-Request-Id", lower_case(random_request_id()));
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

Response Harbor::answer_token(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) { return fail_with(error, scene); };
    scene.log.action = "Token";
    // containerd tries OAuth2 by POST first and falls back to GET on 405.
    if (request.method != "GET") {
        return fail({405, "UNSUPPORTED", "use GET"});
    }
    auto const query = parse_form(request.query);
    if (!query || find_parameter(*query, "service") != "harbor-registry") {
        return fail({400, "UNSUPPORTED", "the service is not known"});
    }
    HarborCaller caller = log_in(request, scene);
    scene.log.caller = caller.name;
    std::vector<std::string> scopes;
    for (auto const& [key, text] : *query) {
        for (std::string const& scope : split(key == "scope" ? text : "", ' ')) {
            if (!scope.empty() && scopes.size() < scopes_at_most) {
                scopes.push_back(scope);
                scene.log.scope += (scene.log.scope.empty() ? "" : " ") + scope;
            }
        }
    }
    auto const fault = take_fault(scene, {"Token", caller.name, caller.name, scene.log.scope});
    if (fault) {
        if (auto whole = answer_of_fault(*fault, {429, "TOOMANYREQUESTS", "slow down"}, fail)) {
            return *whole;
        }
        if (fault->mode == FaultMode::Expired) {
            caller = {};
        }
    }
    // A wrong login is nobody's: with scopes it gets what the public gets, as at Harbor.
    if (caller.name.empty() && scopes.empty()) {
        return fail({401, "UNAUTHORIZED", "Unauthorized"});
    }
    value access = value::array();
    for (std::string const& scope : scopes) {
        std::size_t const first = scope.find(':');
        std::size_t const last = scope.rfind(':');
        if (scope.compare(0, first, "repository") != 0 || first == last) {
            continue;
        }
        std::string const name = scope.substr(first + 1, last - first - 1);
        std::string const actions =
            granted_actions(name, scope.substr(last + 1), caller, scene.world);
        if (!actions.empty()) {
            value entry = value::object(true);
            entry["name"] = value::string(name);
            entry["actions"] = value::string(actions);
            access[access.size()] = entry;
            scene.log.granted +=
                (scene.log.granted.empty() ? "" : " ") + ("repository:" + name + ":" + actions);
        }
    }
    return token_response(access, scene);
}

Response Harbor::answer_registry(Request const& request, Scene& scene) {
    scene.log.action = "Ping";
    auto const wanted = parse_pull_path(request.path);
    bool const ping = request.path == "/v2/" || request.path == "/v2";
    if (!ping && (!wanted || (request.method != "GET" && request.method != "HEAD"))) {
        return fail_with({404, "UNSUPPORTED", "only pulling is simulated"}, scene);
    }
    std::string const scope = ping ? "" : "repository:" + wanted->repository + ":pull";
    scene.log.action = ping ? "Ping" : wanted->manifest ? "Manifest" : "Blob";
    scene.log.scope = scope;
    std::string const& header = request.header("authorization");
    bool const bearer = lower_case(header.substr(0, 7)) == "bearer ";
    std::string const token = bearer ? header.substr(7) : "";
    HarborCaller const caller = log_in(request, scene);
    scene.log.caller = caller.name;
    bool const allowed = ping ? scene.sealer.unseal(token_purpose, token) || !caller.name.empty()
                         : bearer ? token_allows(token, wanted->repository, scene)
                                  : may_pull(caller, wanted->repository, scene.world);
    if (!allowed) {
        Response response = fail_with(
            {401, "UNAUTHORIZED",
             ping ? "unauthorized"
                  : "unauthorized to access repository: " + wanted->repository +
                        ", action: pull: unauthorized to access repository: " + wanted->repository +
                        ", action: pull"},
            scene);
        response.headers.emplace_back("WWW-Authenticate", challenge(request, scope));
        return response;
    }
    if (ping) {
        Response response;
        response.headers.emplace_back(registry_protocol, "registry/2.0");
        return response;
    }
    auto stored = find_stored(storage_, *wanted);
    if (!stored) {
        return fail_with(
            {404, "NOT_FOUND",
             "artifact " + wanted->repository + ":" + wanted->reference + " not found"},
            scene);
    }
    scene.log.granted = scope;
    Response response;
    response.content_type = stored->content_type;
    response.headers.emplace_back(registry_protocol, "registry/2.0");
    response.headers.emplace_back("Docker-Content-Digest", stored->digest);
    response.body = std::move(stored->body);
    return response;
}

Response Harbor::answer(Request const& request, Scene& scene) {
    if (request.path == "/service/token") {
        return answer_token(request, scene);
    }
    if (request.path.compare(0, 3, "/v2") == 0) {
        return answer_registry(request, scene);
    }
    HarborApi::Subject const subject = api_.subject_of(request);
    scene.log.action = subject.action;
    if (subject.action.empty()) {
        return fail_with({404, "NOT_FOUND", "there is nothing at this path"}, scene);
    }
    return answer_api(request, subject, scene);
}

}  // namespace sim
