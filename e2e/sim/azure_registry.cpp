#include "e2e/sim/azure_registry.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <functional>
#include <variant>

#include "e2e/sim/common/azure_token.hpp"
#include "e2e/sim/common/image_store.hpp"

namespace sim {
namespace {

using web::json::value;
using Outcome = std::variant<Response, CloudError>;

constexpr std::string_view token_user = "00000000-0000-0000-0000-000000000000";
constexpr auto access_life = std::chrono::minutes(75);
constexpr std::size_t scopes_at_most = 50;
constexpr char const* arm_resources[] = {
    "https://management.azure.com", "https://management.core.windows.net",
    "https://management.chinacloudapi.cn", "https://management.usgovcloudapi.net"};

/// One request to one registry.
struct Visit {
    AzureRegistry const& registry;
    Request const& request;
    Scene& scene;
    bool expired = false;  ///< a fault wants expired tokens
};

CloudError unauthorized() {
    return {401, "UNAUTHORIZED",
            "authentication required, visit https://aka.ms/acr/authorization for more "
            "information."};
}

bool has_assignment(AzureRegistry const& registry, std::string const& client_id) {
    return std::any_of(registry.pull.begin(), registry.pull.end(),
                       [&](AzurePull const& pull) { return pull.client_id == client_id; });
}

bool may_pull(AzureRegistry const& registry, std::string const& client_id,
              std::string const& repository) {
    return std::any_of(registry.pull.begin(), registry.pull.end(), [&](AzurePull const& pull) {
        bool const here =
            pull.repositories.empty() ||
            std::any_of(pull.repositories.begin(), pull.repositories.end(),
                        [&](std::string const& each) { return wildcard_match(each, repository); });
        return pull.client_id == client_id && here;
    });
}

bool takes_audience(AzureRegistry const& registry, std::string const& audience) {
    bool const arm = std::find(std::begin(arm_resources), std::end(arm_resources), audience) !=
                     std::end(arm_resources);
    return audience == "https://containerregistry.azure.net" || (arm && registry.arm_tokens);
}

Response json(value const& body) {
    Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = body.serialize();
    return response;
}

/// Entra ID's access token for a refresh token of this registry.
Outcome exchange(Visit& visit) {
    auto const form = parse_form(visit.request.body);
    if (visit.request.method != "POST") {
        return CloudError{404, "NOT_FOUND", "The requested data does not exist."};
    }
    auto const get = [&](std::string const& name) {
        return form ? find_parameter(*form, name).value_or("") : std::string();
    };
    if (get("grant_type") != "access_token" || get("service") != visit.registry.host) {
        return CloudError{400, "UNSUPPORTED", "grant_type or service is not what it should be."};
    }
    auto const token = open_azure_token(visit.scene.sealer, get("access_token"));
    if (token) {
        visit.scene.log.role = token->client_id;
    }
    std::string const tenant = get("tenant");
    if (!token || token->kind != AzureToken::Kind::Aad || token->expires <= visit.scene.now ||
        !takes_audience(visit.registry, token->audience) ||
        token->tenant != visit.registry.tenant || (!tenant.empty() && tenant != token->tenant) ||
        !has_assignment(visit.registry, token->client_id)) {
        return unauthorized();
    }
    auto const life =
        std::chrono::seconds(visit.expired ? -3600
                                           : visit.scene.faults.session_seconds().value_or(
                                                 visit.scene.world.azure.refresh_seconds));
    value body = value::object(true);
    body["refresh_token"] = value::string(make_azure_token(
        visit.scene.sealer,
        {AzureToken::Kind::Refresh, "Azure Container Registry", visit.registry.host,
         token->client_id, token->tenant, visit.scene.now + life},
        visit.scene.now));
    return json(body);
}

/// user:password of a Basic header.
std::pair<std::string, std::string> basic_login(Request const& request) {
    std::string const& header = request.header("authorization");
    auto const pair = lower_case(header.substr(0, 6)) == "basic "
                          ? base64_decode(trim(std::string_view(header).substr(6)))
                          : std::nullopt;
    std::size_t const colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return {};
    }
    return {pair->substr(0, colon), pair->substr(colon + 1)};
}

/// User and password of a token request, as OAuth 2 or with Basic authentication.
std::pair<std::string, std::string> login_of(Request const& request, Parameters const& parameters) {
    if (request.method != "POST") {
        return basic_login(request);
    }
    return {find_parameter(parameters, "username").value_or(""),
            find_parameter(parameters, "password").value_or("")};
}

/// The refresh token of a token request, itself or as a password; empty where none is proper.
std::string refresh_token_of(Request const& request, Parameters const& parameters) {
    if (request.method == "POST" &&
        find_parameter(parameters, "grant_type").value_or("") == "refresh_token") {
        return find_parameter(parameters, "refresh_token").value_or("");
    }
    auto const login = login_of(request, parameters);
    return login.first == token_user ? login.second : std::string();
}

/// Faults are one client's: whose the token is that a request shows, before it is judged.
std::string client_of(Request const& request, bool exchanging, Sealer const& sealer) {
    auto const parameters = parse_form(request.method == "POST" ? request.body : request.query);
    if (!parameters) {
        return {};
    }
    auto const token = open_azure_token(
        sealer, exchanging ? find_parameter(*parameters, "access_token").value_or("")
                           : refresh_token_of(request, *parameters));
    return token ? token->client_id : std::string();
}

/// Who wants an access token, and what it may pull.
struct Holder {
    AzureToken token;
    std::function<bool(std::string const&)> may_pull;
};

/// By a refresh token, or by name and password of one of the registry's own tokens.
std::optional<Holder> holder_of(Visit& visit, Parameters const& parameters,
                                AzureManagement& management) {
    auto const [user, password] = login_of(visit.request, parameters);
    if (!user.empty() && user != token_user) {
        visit.scene.log.role = user;
        auto actions = management.login(visit.registry, user, password, visit.scene.now);
        if (!actions || visit.expired) {
            return std::nullopt;
        }
        return Holder{{AzureToken::Kind::Refresh, "Azure Container Registry", visit.registry.host,
                       user, visit.registry.tenant, visit.scene.now},
                      [actions = *std::move(actions)](std::string const& repository) {
                          return AzureManagement::grants(actions, repository);
                      }};
    }
    // Whoever shows a login is judged by it.
    if (visit.registry.anonymous_pull && visit.request.method == "GET" &&
        visit.request.header("authorization").empty()) {
        return Holder{{AzureToken::Kind::Refresh, "Azure Container Registry", visit.registry.host,
                       "", visit.registry.tenant, visit.scene.now},
                      [](std::string const&) { return true; }};
    }
    auto const refresh =
        open_azure_token(visit.scene.sealer, refresh_token_of(visit.request, parameters));
    if (refresh) {
        visit.scene.log.role = refresh->client_id;
    }
    if (!refresh || refresh->kind != AzureToken::Kind::Refresh ||
        refresh->audience != visit.registry.host || refresh->expires <= visit.scene.now ||
        visit.expired) {
        return std::nullopt;
    }
    return Holder{*refresh, [&visit, client = refresh->client_id](std::string const& repository) {
                      return may_pull(visit.registry, client, repository);
                  }};
}

/// A login and scopes for an access token, with what of the scopes is allowed.
Outcome access_token(Visit& visit, AzureManagement& management) {
    bool const post = visit.request.method == "POST";
    auto const parameters = parse_form(post ? visit.request.body : visit.request.query);
    if (!parameters || (!post && visit.request.method != "GET") ||
        find_parameter(*parameters, "service").value_or("") != visit.registry.host) {
        return CloudError{400, "UNSUPPORTED", "the token request cannot be understood"};
    }
    std::vector<std::string> scopes;
    for (auto const& [key, text] : *parameters) {
        for (std::string const& scope : key == "scope" ? split(text, ' ') : split("", ' ')) {
            if (!scope.empty() && scopes.size() < scopes_at_most) {
                scopes.push_back(scope);
                visit.scene.log.scope += (visit.scene.log.scope.empty() ? "" : " ") + scope;
            }
        }
    }
    auto const holder = holder_of(visit, *parameters, management);
    if (!holder) {
        return unauthorized();
    }
    AzureToken access = holder->token;
    access.kind = AzureToken::Kind::Access;
    access.expires = visit.scene.now + access_life;
    for (std::string const& scope : scopes) {
        auto const parts = split(scope, ':');
        bool const pull = parts.size() == 3 && parts[0] == "repository" &&
                          parts[2].find("pull") != std::string::npos;
        if (pull && holder->may_pull(parts[1])) {
            access.pull.push_back(parts[1]);
            visit.scene.log.granted +=
                (visit.scene.log.granted.empty() ? "" : " ") + ("repository:" + parts[1] + ":pull");
        }
    }
    value body = value::object(true);
    body["access_token"] =
        value::string(make_azure_token(visit.scene.sealer, access, visit.scene.now));
    return json(body);
}

/// The registry proper: everything under /v2/ needs an access token.
Outcome distribution(Visit& visit, std::string const& storage) {
    std::string const& header = visit.request.header("authorization");
    auto const token = lower_case(header.substr(0, 7)) == "bearer "
                           ? open_azure_token(visit.scene.sealer, trim(header.substr(7)))
                           : std::nullopt;
    bool const good = token && token->kind == AzureToken::Kind::Access &&
                      token->audience == visit.registry.host && token->expires > visit.scene.now &&
                      !visit.expired;
    // Microsoft's SDK writes the slashes of names as %2F.
    auto const wanted = parse_pull_path(percent_decode(visit.request.path).value_or(""));
    if (wanted) {
        visit.scene.log.scope = "repository:" + wanted->repository + ":pull";
    }
    if (token) {
        visit.scene.log.role = token->client_id;
    }
    if (!good) {
        return unauthorized();
    }
    if (visit.request.path == "/v2/" || visit.request.path == "/v2") {
        return json(value::object());
    }
    if (!wanted || (visit.request.method != "GET" && visit.request.method != "HEAD")) {
        return CloudError{404, "UNSUPPORTED", "only pulling is simulated"};
    }
    if (std::find(token->pull.begin(), token->pull.end(), wanted->repository) ==
        token->pull.end()) {
        return unauthorized();
    }
    auto stored = find_stored(storage, *wanted);
    if (!stored) {
        return CloudError{404, wanted->manifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN",
                          "it is not known to the registry"};
    }
    visit.scene.log.granted = visit.scene.log.scope;
    Response response;
    response.content_type = stored->content_type;
    response.headers.emplace_back("Docker-Content-Digest", stored->digest);
    response.body = std::move(stored->body);
    return response;
}

/// Where to get a token, for a 401 of the distribution API. A Basic header gets a Basic challenge.
std::string challenge(Visit const& visit) {
    std::string const& header = visit.request.header("authorization");
    if (lower_case(header.substr(0, 6)) == "basic ") {
        return "Basic realm=\"Azure Container Registry\"";
    }
    std::string text = "Bearer realm=\"https://" + visit.registry.host +
                       "/oauth2/token\",service=\"" + visit.registry.host + "\"";
    if (!visit.scene.log.scope.empty()) {
        text += ",scope=\"" + visit.scene.log.scope + "\"";
    }
    if (!header.empty()) {
        text +=
            ",error=\"" +
            std::string(visit.scene.log.scope.empty() ? "invalid_token" : "insufficient_scope") +
            "\"";
    }
    return text;
}

}  // namespace

AzureRegistryServer::AzureRegistryServer(std::string storage) : storage_(std::move(storage)) {}

Response AzureRegistryServer::render_error(CloudError const& error) const {
    Response response = registry_error(error);
    response.headers.emplace_back("X-Ms-Correlation-Request-Id", lower_case(random_request_id()));
    return response;
}

Response AzureRegistryServer::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    if (AzureManagement::meant(request)) {
        return management_.answer(request, scene);
    }
    std::string const host = lower_case(split(request.header("host"), ':').front());
    AzureRegistry const* const registry = scene.world.azure.find_registry(host);
    if (registry == nullptr) {
        return fail({404, "NAME_UNKNOWN", "there is no registry " + host});
    }
    scene.log.instance = host;
    Visit visit{*registry, request, scene};
    bool const exchanging = request.path == "/oauth2/exchange";
    bool const asking = request.path == "/oauth2/token";
    scene.log.action = exchanging ? "Exchange" : asking ? "Token" : "Pull";
    std::string const client_id =
        exchanging || asking ? client_of(request, exchanging, scene.sealer) : std::string();
    auto const fault = take_fault(scene, {scene.log.action, client_id, host, scene.log.scope});
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {429, "TOOMANYREQUESTS", "too many requests"}, fail)) {
            return *whole;
        }
        visit.expired = fault->mode == FaultMode::Expired;
    }
    auto outcome = exchanging ? exchange(visit)
                   : asking   ? access_token(visit, management_)
                              : distribution(visit, storage_);
    Response response;
    if (auto const* error = std::get_if<CloudError>(&outcome)) {
        response = fail(*error);
        if (error->http == 401 && !exchanging && !asking) {
            response.headers.emplace_back("WWW-Authenticate", challenge(visit));
        }
    } else {
        response = std::get<Response>(outcome);
    }
    response.headers.emplace_back("Docker-Distribution-Api-Version", "registry/2.0");
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
