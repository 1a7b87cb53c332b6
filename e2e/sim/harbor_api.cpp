#include "e2e/sim/harbor_api.hpp"

#include <cpprest/json.h>

#include <chrono>
#include <regex>
#include <stdexcept>

#include "e2e/sim/common/crypto.hpp"

namespace sim {
namespace {

using web::json::value;

std::string const base = "/api/v2.0";
constexpr long page_size_at_most = 100;
constexpr long days_at_most = 2147483646;
constexpr long days_by_default = 30;
/// What Harbor lets robots be given (GET /permissions), shortened; updating robots is not in it.
std::set<std::string> const grantable_in_system = {
    "robot:create", "robot:read", "robot:list", "robot:delete", "project:create", "project:list"};
std::set<std::string> const grantable_in_projects = {
    "repository:pull", "repository:push", "repository:list",   "repository:read",  "artifact:read",
    "artifact:list",   "tag:list",        "robot:create",      "robot:read",       "robot:list",
    "robot:delete",    "project:read",    "repository:update", "repository:delete"};

CloudError bad_request(std::string const& message) {
    return {400, "BAD_REQUEST", message};
}

long seconds_of(TimePoint time) {
    return static_cast<long>(std::chrono::system_clock::to_time_t(time));
}

value json_of(HarborPermission const& permission) {
    value access = value::array();
    for (std::string const& one : permission.access) {
        std::size_t const colon = one.find(':');
        value entry = value::object(true);
        entry["resource"] = value::string(one.substr(0, colon));
        entry["action"] = value::string(one.substr(colon + 1));
        entry["effect"] = value::string("allow");
        access[access.size()] = entry;
    }
    value body = value::object(true);
    body["kind"] = value::string(permission.kind);
    body["namespace"] = value::string(permission.space);
    body["access"] = access;
    return body;
}

value expires_json(HarborRobot const& robot) {
    return value::number(static_cast<int64_t>(robot.expires ? seconds_of(*robot.expires) : -1));
}

value json_of(HarborRobot const& robot) {
    value permissions = value::array();
    for (HarborPermission const& permission : robot.permissions) {
        permissions[permissions.size()] = json_of(permission);
    }
    value body = value::object(true);
    body["id"] = value::number(static_cast<int64_t>(robot.id));
    body["name"] = value::string(robot.name);
    body["description"] = value::string(robot.description);
    body["level"] = value::string(robot.level);
    body["duration"] = value::number(static_cast<int64_t>(robot.days));
    body["disable"] = value::boolean(robot.disabled);
    body["editable"] = value::boolean(true);
    body["expires_at"] = expires_json(robot);
    body["creation_time"] = value::string(format_time_ms(robot.created));
    body["update_time"] = value::string(format_time_ms(robot.created));
    body["permissions"] = permissions;
    return body;
}

Response json_response(int status, value const& body) {
    Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body = body.serialize();
    return response;
}

std::string text_in(value const& object, std::string const& key) {
    return object.has_field(key) && object.at(key).is_string() ? object.at(key).as_string() : "";
}

/// Throws CloudError: the request is refused.
HarborPermission read_permission(value const& entry, HarborWorld const& harbor) {
    HarborPermission permission{text_in(entry, "kind"), text_in(entry, "namespace"), {}};
    bool const system = permission.kind == "system";
    if (!system && permission.kind != "project") {
        throw bad_request("unknown robot kind");
    }
    if (system && permission.space != "/") {
        throw bad_request("unknown namespace");
    }
    if (!system && permission.space != "*" && harbor.find_project(permission.space) == nullptr) {
        throw CloudError{404, "NOT_FOUND", "project " + permission.space + " not found"};
    }
    if (!entry.has_field("access") || entry.at("access").size() == 0) {
        throw bad_request("bad request empty access");
    }
    for (value const& one : entry.at("access").as_array()) {
        std::string const access = text_in(one, "resource") + ":" + text_in(one, "action");
        std::string const effect = text_in(one, "effect");
        if ((system ? grantable_in_system : grantable_in_projects).count(access) == 0 ||
            (!effect.empty() && effect != "allow")) {
            throw bad_request("bad request permission: " + access);
        }
        permission.access.insert(access);
    }
    return permission;
}

/// Of a robot's body. Throws CloudError: the request is refused.
std::vector<HarborPermission> read_permissions(value const& body, std::string const& level,
                                               HarborWorld const& harbor) {
    if (!body.has_field("permissions") || body.at("permissions").size() == 0) {
        throw bad_request("bad request empty permission");
    }
    std::vector<HarborPermission> permissions;
    for (value const& entry : body.at("permissions").as_array()) {
        permissions.push_back(read_permission(entry, harbor));
    }
    if (level == "project" && (permissions.size() != 1 || permissions[0].kind != "project")) {
        throw bad_request("bad request permission");
    }
    return permissions;
}

/// Throws CloudError: the request is refused.
HarborRobot read_robot(std::string const& text, HarborWorld const& harbor) {
    value body;
    try {
        body = value::parse(text);
    } catch (std::exception const&) {
        throw CloudError{422, "UNPROCESSABLE_ENTITY", "parsing robot body failed"};
    }
    HarborRobot robot;
    robot.name = text_in(body, "name");
    static std::regex const legal("[a-z0-9]+(?:[._-][a-z0-9]+)*");
    if (!std::regex_match(robot.name, legal) || robot.name.size() > 255) {
        throw bad_request("robot name is not in lower case or contains illegal characters");
    }
    robot.description = text_in(body, "description");
    robot.level = text_in(body, "level");
    if (robot.level != "system" && robot.level != "project") {
        throw bad_request("bad request error level input: " + robot.level);
    }
    bool const whole = body.has_field("duration") && body.at("duration").is_integer();
    robot.days = whole ? static_cast<long>(body.at("duration").as_number().to_int64()) : 0;
    if (!whole || robot.days < -1 || robot.days > days_at_most) {
        throw bad_request("bad request error duration input");
    }
    robot.days = robot.days == 0 ? days_by_default : robot.days;
    robot.disabled = body.has_field("disable") && body.at("disable").as_bool();
    robot.permissions = read_permissions(body, robot.level, harbor);
    return robot;
}

std::string full_name(HarborRobot const& robot, HarborWorld const& harbor) {
    return harbor.robot_prefix +
           (robot.level == "project" ? robot.permissions[0].space + "+" : std::string()) +
           robot.name;
}

/// ?q=Level=system,name=~part&page=1&page_size=100. Throws CloudError: the request is refused.
HarborRobotQuery read_query(std::string const& text, std::string const& prefix) {
    auto const parameters = parse_form(text);
    if (!parameters) {
        throw bad_request("the query is not well encoded");
    }
    HarborRobotQuery query;
    auto const number = [&](std::string const& key, std::size_t& into, long most) {
        if (auto const written = find_parameter(*parameters, key)) {
            auto const read = parse_number(*written, 1, most);
            if (!read) {
                throw CloudError{422, "UNPROCESSABLE_ENTITY", key + " must be from 1"};
            }
            into = static_cast<std::size_t>(*read);
        }
    };
    number("page", query.page, 1'000'000);
    number("page_size", query.page_size, page_size_at_most);
    for (std::string const& one : split(find_parameter(*parameters, "q").value_or(""), ',')) {
        std::size_t const equals = one.find('=');
        if (one.empty()) {
            continue;
        }
        if (equals == std::string::npos) {
            throw bad_request("invalid query string value: " + one);
        }
        std::string const key = one.substr(0, equals);
        std::string const wanted = one.substr(equals + 1);
        if (key == "Level") {
            query.level = wanted;
        } else if (key == "name" && wanted.compare(0, 1, "~") == 0) {
            query.name_part = wanted.substr(1);
        } else if (key == "name") {
            // Names are stored, and compared, without the prefix.
            query.name = prefix + wanted;
        } else if (key != "ProjectID") {
            throw bad_request("unknown key of a query: " + key);
        }
    }
    return query;
}

}  // namespace

HarborApi::Subject HarborApi::subject_of(Request const& request) const {
    if (request.path.compare(0, base.size(), base) != 0) {
        return {};
    }
    std::string const path = request.path.substr(base.size());
    std::string const& method = request.method;
    if (path == "/robots") {
        if (method == "GET") {
            return {"ListRobots", ""};
        }
        try {
            return {method == "POST" ? "CreateRobot" : "",
                    text_in(value::parse(request.body), "name")};
        } catch (std::exception const&) {
            return {method == "POST" ? "CreateRobot" : "", ""};
        }
    }
    if (path.compare(0, 8, "/robots/") == 0) {
        std::string const id = path.substr(8);
        std::string const action = method == "GET"      ? "GetRobot"
                                   : method == "DELETE" ? "DeleteRobot"
                                   : method == "PATCH"  ? "RefreshRobot"
                                   : method == "PUT"    ? "UpdateRobot"
                                                        : "";
        return {action, id};
    }
    if (method == "GET" && path == "/projects") {
        return {"ListProjects", ""};
    }
    return {method == "GET" && path == "/ping" ? "Ping" : "", ""};
}

HarborApi::Answer HarborApi::create(Request const& request, HarborCaller const& caller,
                                    std::optional<Fault> const& fault, Scene& scene) {
    HarborRobot robot = read_robot(request.body, scene.world.harbor);
    std::string const space = robot.level == "system" ? "/" : robot.permissions[0].space;
    if (!caller.may(robot.level, space, "robot:create")) {
        return CloudError{403, "FORBIDDEN", "forbidden"};
    }
    if (!caller.administrator && !covers(caller.permissions, robot.permissions)) {
        return CloudError{403, "DENIED",
                          "the permission scope is invalid: it exceeds the creator's"};
    }
    robot.name = full_name(robot, scene.world.harbor);
    // Letters of both cases and a digit, as Harbor makes them; the word lets a test find leaks.
    robot.secret = "RobotSecret0" + random_name(20);
    robot.created = scene.now;
    robot.creator = caller.name;
    if (robot.days > 0) {
        robot.expires = scene.now + std::chrono::hours(24) * robot.days;
    }
    if (fault && fault->mode == FaultMode::Expired) {
        robot.expires = scene.now - std::chrono::hours(1);
    } else if (fault && fault->mode == FaultMode::Short) {
        robot.expires = scene.now + std::chrono::seconds(fault->seconds);
    }
    auto const added = robots_.add(robot);
    if (!added) {
        return CloudError{409, "CONFLICT", "robot account 0:" + robot.name + " already exists"};
    }
    value body = value::object(true);
    body["id"] = value::number(static_cast<int64_t>(added->id));
    body["name"] = value::string(added->name);
    body["secret"] = value::string(added->secret);
    body["creation_time"] = value::string(format_time_ms(added->created));
    body["expires_at"] = expires_json(*added);
    Response response = json_response(201, body);
    response.headers.emplace_back("Location", base + "/robots/" + std::to_string(added->id));
    return response;
}

HarborApi::Answer HarborApi::list(Request const& request, HarborCaller const& caller,
                                  HarborWorld const& harbor) const {
    HarborRobotQuery const query = read_query(request.query, harbor.robot_prefix);
    if (query.level != "system") {
        return bad_request("only robots of the system are simulated in lists");
    }
    if (!caller.may("system", "/", "robot:list")) {
        return CloudError{403, "FORBIDDEN", "forbidden"};
    }
    auto const [page, total] = robots_.list(query);
    value body = value::array();
    for (HarborRobot const& robot : page) {
        body[body.size()] = json_of(robot);
    }
    Response response = json_response(200, body);
    response.headers.emplace_back("X-Total-Count", std::to_string(total));
    return response;
}

HarborApi::Answer HarborApi::update(Request const& request, HarborRobot robot,
                                    HarborWorld const& harbor) {
    value const body = value::parse(request.body);
    if (text_in(body, "name") != robot.name || text_in(body, "level") != robot.level) {
        return bad_request("cannot update the level or name of robot");
    }
    robot.permissions = read_permissions(body, robot.level, harbor);
    robot.disabled = body.has_field("disable") && body.at("disable").as_bool();
    robots_.replace(robot);
    return json_response(200, value::object());
}

HarborApi::Answer HarborApi::one(Request const& request, Subject const& subject,
                                 HarborCaller const& caller, HarborWorld const& harbor) {
    auto const id = parse_number(subject.robot, 1, days_at_most);
    auto robot = id ? robots_.find(*id) : std::nullopt;
    if (!robot) {
        return CloudError{404, "NOT_FOUND", "robot with ID " + subject.robot + " not found"};
    }
    std::string const space = robot->level == "system" ? "/" : robot->permissions[0].space;
    std::string const right = subject.action == "GetRobot"      ? "robot:read"
                              : subject.action == "DeleteRobot" ? "robot:delete"
                                                                : "robot:update";
    if (!caller.may(robot->level, space, right)) {
        return CloudError{403, "FORBIDDEN", "forbidden"};
    }
    if (subject.action == "GetRobot") {
        return json_response(200, json_of(*robot));
    }
    if (subject.action == "UpdateRobot") {
        return update(request, *robot, harbor);
    }
    if (subject.action == "DeleteRobot") {
        robots_.remove(robot->id);
        return json_response(200, value::object());
    }
    // The old secret ends at once; the life stays what it is.
    robot->secret = "RobotSecret0" + random_name(20);
    robots_.replace(*robot);
    value body = value::object(true);
    body["secret"] = value::string(robot->secret);
    return json_response(200, body);
}

HarborApi::Answer HarborApi::answer(Request const& request, Subject const& subject,
                                    HarborCaller const& caller, std::optional<Fault> const& fault,
                                    Scene& scene) {
    if (subject.action == "Ping") {
        Response response;
        response.content_type = "text/plain; charset=utf-8";
        response.body = "Pong";
        return response;
    }
    if (caller.name.empty()) {
        return CloudError{401, "UNAUTHORIZED", "unauthorized"};
    }
    try {
        if (subject.action == "CreateRobot") {
            return create(request, caller, fault, scene);
        }
        if (subject.action == "ListRobots") {
            return list(request, caller, scene.world.harbor);
        }
        if (subject.action == "ListProjects") {
            value body = value::array();
            for (HarborProject const& project : scene.world.harbor.projects) {
                value entry = value::object(true);
                entry["name"] = value::string(project.name);
                entry["metadata"]["public"] = value::string(project.is_public ? "true" : "false");
                body[body.size()] = entry;
            }
            return json_response(200, body);
        }
        return one(request, subject, caller, scene.world.harbor);
    } catch (CloudError const& refused) {
        return refused;
    } catch (web::json::json_exception const& error) {
        return CloudError{422, "UNPROCESSABLE_ENTITY", error.what()};
    }
}

}  // namespace sim
