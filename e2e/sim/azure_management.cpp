#include "e2e/sim/azure_management.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <regex>
#include <set>

#include "e2e/sim/common/azure_token.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::size_t page_size = 20;
constexpr std::size_t actions_at_most = 500;
std::set<std::string> const api_versions = {"2022-12-01", "2023-07-01", "2025-04-01", "2025-11-01"};

Response json(value const& body, int status = 200) {
    Response response;
    response.status = status;
    response.content_type = "application/json; charset=utf-8";
    response.body = body.serialize();
    return response;
}

Response error(CloudError const& error) {
    value body = value::object();
    body["error"]["code"] = value::string(error.code);
    body["error"]["message"] = value::string(error.message);
    Response response = json(body, error.http);
    response.headers.emplace_back("x-ms-correlation-request-id", lower_case(random_request_id()));
    return response;
}

/// What went wrong, thrown to where it is rendered.
struct Refused {
    CloudError error;
};
[[noreturn]] void refuse(int http, std::string const& code, std::string const& message) {
    throw Refused{{http, code, message}};
}

/// Host and audience of the cloud that a registry is in.
std::string management_host(AzureRegistry const& registry) {
    auto const ends = [&](std::string const& suffix) {
        return registry.host.size() > suffix.size() &&
               registry.host.compare(registry.host.size() - suffix.size(), suffix.size(), suffix) ==
                   0;
    };
    return ends(".azurecr.cn")   ? "management.chinacloudapi.cn"
           : ends(".azurecr.us") ? "management.usgovcloudapi.net"
                                 : "management.azure.com";
}

/// repositories/PATH/content/read: a wildcard only as the last part, and only once.
bool is_action(std::string const& action) {
    static std::regex const rule(
        "repositories/(\\*|[a-z0-9]+(?:[._/-][a-z0-9]+)*(?:/\\*)?)/"
        "(?:content/(?:read|write|delete)|metadata/(?:read|write))");
    return std::regex_match(action, rule);
}

bool grants_one(std::string const& action, std::string const& repository) {
    std::string const start = "repositories/";
    std::string const end = "/content/read";
    if (action.size() <= start.size() + end.size() ||
        action.compare(action.size() - end.size(), end.size(), end) != 0) {
        return false;
    }
    std::string const path = action.substr(start.size(), action.size() - start.size() - end.size());
    if (path == "*") {
        return true;
    }
    bool const wildcard = path.size() > 2 && path.compare(path.size() - 2, 2, "/*") == 0;
    return wildcard ? repository.compare(0, path.size() - 1, path, 0, path.size() - 1) == 0 &&
                          repository.size() > path.size() - 1
                    : repository == path;
}

value parse_body(Request const& request) {
    try {
        value body = value::parse(request.body);
        if (body.is_object()) {
            return body;
        }
    } catch (web::json::json_exception const&) {
    }
    refuse(400, "InvalidRequestContent", "The request content was invalid and could not be parsed");
}

std::string text_at(value const& body, std::string const& key) {
    return body.has_field(key) && body.at(key).is_string() ? body.at(key).as_string()
                                                           : std::string();
}

}  // namespace

/// One call, taken apart: PATH of the registry, then KIND[/NAME].
struct AzureManagement::Call {
    Request const& request;
    Scene& scene;
    AzureRegistry const& registry;
    std::string id;  ///< of the registry
    std::string kind;
    std::string name;
    Contents& contents;
    std::optional<Fault> fault{};

    [[nodiscard]] bool is(std::string const& method) const { return request.method == method; }
    [[nodiscard]] std::string address(std::string const& path) const {
        return "https://" + request.header("host") + id + path;
    }
};

bool AzureManagement::grants(std::vector<std::string> const& actions,
                             std::string const& repository) {
    return std::any_of(actions.begin(), actions.end(),
                       [&](std::string const& action) { return grants_one(action, repository); });
}

bool AzureManagement::meant(Request const& request) {
    return request.path.compare(0, 15, "/subscriptions/") == 0;
}

std::optional<std::vector<std::string>> AzureManagement::login(AzureRegistry const& registry,
                                                               std::string const& token,
                                                               std::string const& password,
                                                               TimePoint now) {
    std::lock_guard const lock(mutex_);
    Contents& contents = registries_[azure_resource_id(registry)];
    auto const found = contents.tokens.find(token);
    if (found == contents.tokens.end() || !found->second.enabled) {
        return std::nullopt;
    }
    bool good = false;
    for (auto const& [name, one] : found->second.passwords) {
        bool const same = equal_constant_time(one.value, password);
        good = good || (same && (!one.expires || *one.expires > now));
    }
    if (!good) {
        return std::nullopt;
    }
    auto const map = contents.scope_maps.find(found->second.scope_map);
    return map == contents.scope_maps.end() ? std::vector<std::string>() : map->second.actions;
}

Response AzureManagement::show(Call const& call, std::string const& name, ScopeMap const& scope_map,
                               int status) {
    value body = value::object(true);
    body["id"] = value::string(call.id + "/scopeMaps/" + name);
    body["name"] = value::string(name);
    body["type"] = value::string("Microsoft.ContainerRegistry/registries/scopeMaps");
    value& properties = body["properties"] = value::object(true);
    properties["description"] = value::string(scope_map.description);
    properties["type"] = value::string("UserDefined");
    properties["creationDate"] = value::string(format_time(scope_map.created));
    properties["provisioningState"] = value::string(scope_map.ready ? "Succeeded" : "Creating");
    properties["actions"] = value::array();
    for (std::string const& action : scope_map.actions) {
        properties["actions"][properties["actions"].size()] = value::string(action);
    }
    return json(body, status);
}

Response AzureManagement::show(Call const& call, std::string const& name, Token const& token,
                               int status) {
    value body = value::object(true);
    body["id"] = value::string(call.id + "/tokens/" + name);
    body["name"] = value::string(name);
    body["type"] = value::string("Microsoft.ContainerRegistry/registries/tokens");
    value& properties = body["properties"] = value::object(true);
    properties["creationDate"] = value::string(format_time(token.created));
    properties["provisioningState"] = value::string(token.ready ? "Succeeded" : "Creating");
    properties["scopeMapId"] = value::string(call.id + "/scopeMaps/" + token.scope_map);
    properties["status"] = value::string(token.enabled ? "enabled" : "disabled");
    value& passwords = properties["credentials"]["passwords"] = value::array();
    for (auto const& [which, password] : token.passwords) {
        value entry = value::object(true);
        entry["name"] = value::string(which);
        entry["creationTime"] = value::string(format_time(password.created));
        if (password.expires) {
            entry["expiry"] = value::string(format_time(*password.expires));
        }
        passwords[passwords.size()] = entry;
    }
    return json(body, status);
}

std::string AzureManagement::about(Call const& call) {
    if (call.kind == "scopeMaps" && call.is("PUT")) {
        value const body = parse_body(call.request);
        return body.has_field("properties") ? text_at(body.at("properties"), "description") : "";
    }
    bool const password = call.kind == "generateCredentials";
    std::string name = password ? text_at(parse_body(call.request), "tokenId") : call.name;
    name.erase(0, name.rfind('/') + 1);
    if (auto const found = call.contents.tokens.find(name); found != call.contents.tokens.end()) {
        name = found->second.scope_map;
    }
    auto const map = call.contents.scope_maps.find(name);
    return map == call.contents.scope_maps.end() ? std::string() : map->second.description;
}

Response AzureManagement::scope_map(Call& call) {
    auto& maps = call.contents.scope_maps;
    auto const found = maps.find(call.name);
    if (call.is("DELETE")) {
        int const status = maps.erase(call.name) != 0 ? 200 : 204;
        return json(value::object(), status);
    }
    if (call.is("GET")) {
        if (found == maps.end()) {
            refuse(404, "ResourceNotFound", "The scope map '" + call.name + "' was not found.");
        }
        found->second.ready = true;
        return show(call, call.name, found->second, 200);
    }
    static std::regex const grammar("[a-zA-Z0-9_-]{5,50}");
    value const body = parse_body(call.request);
    value const properties = body.has_field("properties") ? body.at("properties") : value::object();
    ScopeMap map;
    map.description = text_at(properties, "description");
    map.created = found == maps.end() ? call.scene.now : found->second.created;
    map.ready = found != maps.end();
    if (!std::regex_match(call.name, grammar)) {
        refuse(400, "InvalidResourceName",
               "The name must have 5 to 50 letters, digits, dashes and underscores.");
    }
    if (map.description.size() > 256) {
        refuse(400, "InvalidScopeMapDescription", "At most 256 characters are allowed.");
    }
    if (!properties.has_field("actions") || !properties.at("actions").is_array() ||
        properties.at("actions").size() == 0 || properties.at("actions").size() > actions_at_most) {
        refuse(400, "InvalidScopeMapActions", "actions must list 1 to 500 actions.");
    }
    for (value const& action : properties.at("actions").as_array()) {
        if (!action.is_string() || !is_action(action.as_string())) {
            refuse(400, "InvalidScopeMapActions",
                   "The action " + action.serialize() + " is not valid.");
        }
        map.actions.push_back(action.as_string());
    }
    maps[call.name] = map;
    return show(call, call.name, map, found == maps.end() ? 201 : 200);
}

Response AzureManagement::token(Call& call) {
    auto& tokens = call.contents.tokens;
    auto const found = tokens.find(call.name);
    bool const is_new = found == tokens.end();
    if (call.is("DELETE")) {
        int const status = tokens.erase(call.name) != 0 ? 200 : 204;
        return json(value::object(), status);
    }
    if (call.is("GET")) {
        if (is_new) {
            refuse(404, "ResourceNotFound", "The token '" + call.name + "' was not found.");
        }
        found->second.ready = true;
        return show(call, call.name, found->second, 200);
    }
    static std::regex const grammar("[a-zA-Z0-9-]{5,50}");
    if (!std::regex_match(call.name, grammar)) {
        refuse(400, "InvalidResourceName",
               "The name must have 5 to 50 letters, digits and dashes.");
    }
    value const body = parse_body(call.request);
    value const properties = body.has_field("properties") ? body.at("properties") : value::object();
    std::string const start = call.id + "/scopeMaps/";
    std::string const map = text_at(properties, "scopeMapId");
    if (map.compare(0, start.size(), start) != 0 ||
        call.contents.scope_maps.count(map.substr(start.size())) == 0) {
        refuse(400, "ScopeMapNotFound", "The scope map '" + map + "' does not exist.");
    }
    Token token = is_new ? Token{} : found->second;
    token.scope_map = map.substr(start.size());
    token.enabled = text_at(properties, "status") != "disabled";
    token.created = is_new ? call.scene.now : token.created;
    token.ready = !is_new;
    tokens[call.name] = token;
    return show(call, call.name, token, is_new ? 201 : 200);
}

Response AzureManagement::list(Call& call) {
    auto const query = parse_form(call.request.query);
    std::string const after = find_parameter(*query, "$skipToken").value_or("");
    value body = value::object(true);
    value& entries = body["value"] = value::array();
    auto const add = [&](auto const& all) {
        auto at = after.empty() ? all.begin() : all.upper_bound(after);
        for (; at != all.end() && entries.size() < page_size; ++at) {
            entries[entries.size()] = value::parse(show(call, at->first, at->second, 200).body);
        }
        if (at != all.end()) {
            body["nextLink"] = value::string(call.address(
                "/" + call.kind + "?api-version=" + *find_parameter(*query, "api-version") +
                "&$skipToken=" + std::prev(at)->first));
        }
    };
    if (call.kind == "tokens") {
        add(call.contents.tokens);
    } else {
        add(call.contents.scope_maps);
    }
    return json(body);
}

Response AzureManagement::generate(Call& call) {
    value const body = parse_body(call.request);
    std::string const start = call.id + "/tokens/";
    std::string const id = text_at(body, "tokenId");
    std::string const name = id.compare(0, start.size(), start) == 0 ? id.substr(start.size()) : "";
    auto const found = call.contents.tokens.find(name);
    if (found == call.contents.tokens.end()) {
        refuse(404, "TokenNotFound", "The token '" + id + "' was not found.");
    }
    std::string const which = text_at(body, "name");
    if (!which.empty() && which != "password1" && which != "password2") {
        refuse(400, "InvalidPasswordName", "name must be password1 or password2.");
    }
    std::optional<TimePoint> expires;
    if (std::string const text = text_at(body, "expiry"); !text.empty()) {
        // Fractions of seconds are legal, and of no use here.
        std::string const seconds = text.substr(0, 19) + "Z";
        expires = parse_time(seconds);
        if (!expires || *expires <= call.scene.now) {
            refuse(400, "InvalidExpiry", "The expiry '" + text + "' must be in the future.");
        }
    }
    if (call.fault && call.fault->mode == FaultMode::Short) {
        expires = call.scene.now + std::chrono::seconds(call.fault->seconds);
    } else if (call.fault && call.fault->mode == FaultMode::Expired) {
        expires = call.scene.now - std::chrono::hours(1);
    }
    value result = value::object(true);
    result["username"] = value::string(name);
    value& passwords = result["passwords"] = value::array();
    for (std::string const each : {"password1", "password2"}) {
        if (!which.empty() && which != each) {
            continue;
        }
        Password password{random_name(42) + "+ACRA" + random_name(5), call.scene.now, expires};
        value entry = value::object(true);
        entry["name"] = value::string(each);
        entry["creationTime"] = value::string(format_time(password.created));
        entry["value"] = value::string(password.value);
        if (expires) {
            entry["expiry"] = value::string(format_time(*expires));
        }
        passwords[passwords.size()] = entry;
        found->second.passwords[each] = std::move(password);
    }
    std::string const number = lower_case(random_request_id());
    call.contents.operations[number] = {result.serialize(), 1};
    Response response;
    response.status = 202;
    response.headers.emplace_back(
        "Location", call.address("/operationStatuses/" + number + "?api-version=" +
                                 *find_parameter(*parse_form(call.request.query), "api-version")));
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

/// 202 at the first look, then the result, once.
Response AzureManagement::operation(Call& call) {
    auto const found = call.contents.operations.find(call.name);
    if (found == call.contents.operations.end() || !call.is("GET")) {
        refuse(404, "OperationNotFound", "There is no such operation.");
    }
    Response response;
    if (found->second.second-- > 0) {
        response.status = 202;
        response.headers.emplace_back("Retry-After", "1");
        return response;
    }
    response.content_type = "application/json; charset=utf-8";
    response.body = found->second.first;
    call.contents.operations.erase(found);
    return response;
}

Response AzureManagement::dispatch(Call& call) {
    bool const known = call.is("GET") || call.is("PUT") || call.is("DELETE");
    if (call.kind == "generateCredentials" && call.is("POST")) {
        return generate(call);
    }
    if (call.kind == "operationStatuses") {
        return operation(call);
    }
    if (call.name.empty() && call.is("GET")) {
        return list(call);
    }
    if (call.name.empty() || !known) {
        refuse(405, "MethodNotAllowed", "The method is not allowed here.");
    }
    return call.kind == "tokens" ? token(call) : scope_map(call);
}

Response AzureManagement::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& what) {
        scene.log.code = what.code;
        return error(what);
    };
    static std::regex const form(
        "(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.ContainerRegistry/"
        "registries/[^/]+)/(scopeMaps|tokens|generateCredentials|operationStatuses)(?:/([^/]+))?");
    std::smatch parts;
    std::string const path = percent_decode(request.path).value_or("");
    if (!std::regex_match(path, parts, form)) {
        return fail({404, "InvalidResourceType", "Only tokens and scope maps are simulated."});
    }
    std::string const id = parts[1];
    std::string const kind = parts[2];
    scene.log.action =
        (request.method == "GET" && !parts[3].matched ? "LIST" : request.method) + " " + kind;
    std::string const& header = request.header("authorization");
    auto const token = lower_case(header.substr(0, 7)) == "bearer "
                           ? open_azure_token(scene.sealer, trim(header.substr(7)))
                           : std::nullopt;
    if (!token || token->kind != AzureToken::Kind::Aad) {
        return fail({401, "AuthenticationFailed",
                     "Authentication failed. The 'Authorization' header is missing or invalid."});
    }
    scene.log.role = token->client_id;
    AzureRegistry const* const registry = scene.world.azure.find_resource(id);
    std::string const host =
        registry == nullptr ? "management.azure.com" : management_host(*registry);
    std::string const asked = split(request.header("host"), ':').front();
    if (asked != host && asked != "127.0.0.1") {
        return fail({404, "SubscriptionNotFound", "The subscription could not be found."});
    }
    if (token->audience != "https://" + host) {
        return fail({401, "InvalidAuthenticationTokenAudience",
                     "The access token has been obtained for wrong audience or resource '" +
                         token->audience +
                         "'. It should exactly match one of the allowed "
                         "audiences 'https://" +
                         host + "/'."});
    }
    if (token->expires <= scene.now) {
        return fail({401, "ExpiredAuthenticationToken", "The access token expiry is in the past."});
    }
    if (registry != nullptr && registry->tenant != token->tenant) {
        return fail({401, "InvalidAuthenticationTokenTenant",
                     "The access token is from the wrong issuer '" + token->issuer + "'."});
    }
    auto const query = parse_form(request.query);
    std::string const version = query ? find_parameter(*query, "api-version").value_or("") : "";
    if (api_versions.count(version) == 0) {
        return fail({400,
                     version.empty() ? "MissingApiVersionParameter" : "NoRegisteredProviderFound",
                     "The api-version '" + version + "' is missing or not supported."});
    }
    std::string const right =
        "Microsoft.ContainerRegistry/registries/" +
        (kind == "generateCredentials" ? std::string("generateCredentials/action")
         : kind == "operationStatuses" ? std::string("generateCredentials/action")
         : request.method == "GET"     ? kind + "/read"
         : request.method == "DELETE"  ? kind + "/delete"
                                       : kind + "/write");
    // Who may not is not told whether it exists.
    if (registry == nullptr || !registry->manages(token->client_id, right)) {
        return fail({403, "AuthorizationFailed",
                     "The client '" + token->client_id +
                         "' does not have authorization to perform "
                         "action '" +
                         right + "' over scope '" + id +
                         "' or the scope is invalid. If access was recently granted, please "
                         "refresh your credentials."});
    }
    std::lock_guard const lock(mutex_);
    Call call{request, scene, *registry, id, kind, parts[3], registries_[id]};
    try {
        scene.log.instance = registry->host;
        scene.log.session = about(call);
        call.fault =
            take_fault(scene, {scene.log.action, token->client_id, scene.log.session, call.name});
        if (call.fault) {
            if (auto whole = answer_of_fault(
                    *call.fault, {429, "TooManyRequests", "The request was throttled."}, fail)) {
                if (call.fault->mode == FaultMode::Throttle) {
                    whole->headers.emplace_back("Retry-After", "2");
                }
                return *whole;
            }
        }
        Response response = dispatch(call);
        if (call.fault && call.fault->mode == FaultMode::Slow) {
            response.delay_seconds = call.fault->seconds;
        }
        return response;
    } catch (Refused const& refused) {
        return fail(refused.error);
    }
}

}  // namespace sim
