#include "e2e/sim/google_registry.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <variant>

#include "e2e/sim/common/google.hpp"
#include "e2e/sim/common/image_store.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view purpose = "google-registry-token";
constexpr std::string_view host_end = "-docker.pkg.dev";
constexpr std::string_view download = "artifactregistry.repositories.downloadArtifacts";

/// What a bearer token of the registry opens: images by path, until then.
struct Grant {
    std::vector<std::string> images;
    TimePoint expires;
};

std::string seal_grant(Sealer const& sealer, Grant const& grant) {
    value images = value::array();
    for (std::string const& image : grant.images) {
        images[images.size()] = value::string(image);
    }
    value content = value::object();
    content["images"] = images;
    content["expires"] =
        value::number(static_cast<int64_t>(std::chrono::system_clock::to_time_t(grant.expires)));
    return sealer.seal(purpose, content.serialize());
}

std::optional<Grant> open_grant(Sealer const& sealer, std::string const& token) {
    auto const plain = sealer.unseal(purpose, token);
    if (!plain) {
        return std::nullopt;
    }
    value const content = value::parse(*plain);
    Grant grant;
    for (value const& image : content.at("images").as_array()) {
        grant.images.push_back(image.as_string());
    }
    grant.expires =
        std::chrono::system_clock::from_time_t(content.at("expires").as_number().to_int64());
    return grant;
}

/// projects/P/locations/L/repositories/R of the image path P/R/...; empty where it is none.
std::string resource_of(std::string const& host, std::string const& image) {
    auto const parts = split(image, '/');
    if (parts.size() < 3 || host.size() <= host_end.size() ||
        host.compare(host.size() - host_end.size(), host_end.size(), host_end) != 0) {
        return {};
    }
    return "projects/" + parts[0] + "/locations/" + host.substr(0, host.size() - host_end.size()) +
           "/repositories/" + parts[1];
}

CloudError denied(std::string const& principal, std::string const& resource) {
    std::string const permission(download);
    return {403, "DENIED",
            principal.empty()
                ? "Unauthenticated request. Unauthenticated requests do not have permission \"" +
                      permission + "\" on resource \"" + resource + "\" (or it may not exist)"
                : "Permission \"" + permission + "\" denied on resource \"" + resource +
                      "\" (or it may not exist)"};
}

/// Who logs in with Basic; an empty principal for an anonymous request.
std::variant<GoogleToken, CloudError> log_in(Request const& request, Scene const& scene) {
    std::string const& header = request.header("authorization");
    if (header.empty()) {
        return GoogleToken{"", {}, scene.now + std::chrono::hours(1)};
    }
    CloudError const wrong{401, "UNAUTHORIZED", "authentication failed"};
    auto const pair = lower_case(header.substr(0, 6)) == "basic "
                          ? base64_decode(trim(std::string_view(header).substr(6)))
                          : std::nullopt;
    constexpr std::string_view user = "oauth2accesstoken:";
    if (!pair || pair->compare(0, user.size(), user) != 0) {
        return wrong;
    }
    auto token = open_google_token(scene.sealer, std::string_view(*pair).substr(user.size()));
    if (!token || token->expires <= scene.now) {
        return wrong;
    }
    if (!token->has_scope({"cloud-platform", "cloud-platform.read-only"})) {
        return CloudError{403, "DENIED", "Request had insufficient authentication scopes."};
    }
    return *token;
}

}  // namespace

Response GoogleRegistry::render_error(CloudError const& error) const {
    return registry_error(error);
}

Response GoogleRegistry::answer(Request const& request, Scene& scene) {
    return request.path == "/v2/token" ? token(request, scene) : pull(request, scene);
}

Response GoogleRegistry::token(Request const& request, Scene& scene) const {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    scene.log.action = "RegistryToken";
    std::string const& host = request.header("host");
    auto const query = parse_form(request.query);
    // containerd tries OAuth2 by POST first and falls back to GET on 405.
    if (request.method != "GET") {
        return fail({405, "UNSUPPORTED", "use GET"});
    }
    if (!query || find_parameter(*query, "service").value_or("") != host) {
        return fail({400, "UNSUPPORTED", "the service is not this host"});
    }
    auto const logged_in = log_in(request, scene);
    auto const* who = std::get_if<GoogleToken>(&logged_in);
    scene.log.caller = who == nullptr ? "" : google_name(who->principal);
    scene.log.role = scene.log.caller;
    for (auto const& [key, text] : *query) {
        scene.log.scope += key == "scope" ? (scene.log.scope.empty() ? "" : " ") + text : "";
    }
    auto const fault = take_fault(scene, {"RegistryToken", scene.log.role, "", scene.log.scope});
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {429, "TOOMANYREQUESTS", "Quota exceeded."}, fail)) {
            return *whole;
        }
    }
    if (who == nullptr) {
        return fail(std::get<CloudError>(logged_in));
    }
    Grant grant{{}, std::min(who->expires, scene.now + std::chrono::hours(1))};
    for (std::string const& scope : split(scene.log.scope, ' ')) {
        auto const parts = split(scope, ':');
        if (scope.empty()) {
            continue;
        }
        if (parts.size() != 3 || parts[0] != "repository" || parts[2] != "pull") {
            return fail({403, "DENIED", "only pulling is simulated"});
        }
        std::string const resource = resource_of(host, parts[1]);
        auto const* repository = scene.world.google.find_repository(resource);
        if (repository == nullptr || !repository->policy.allows(who->principal, download)) {
            return fail(denied(who->principal, resource));
        }
        grant.images.push_back(parts[1]);
        scene.log.granted += (scene.log.granted.empty() ? "" : " ") + scope;
    }
    value body = value::object(true);
    body["token"] = value::string(seal_grant(scene.sealer, grant));
    body["expires_in"] = value::number(static_cast<int64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(grant.expires - scene.now).count()));
    body["issued_at"] = value::string(format_time(scene.now));
    Response response;
    response.content_type = "application/json";
    response.body = body.serialize();
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

Response GoogleRegistry::pull(Request const& request, Scene& scene) const {
    std::string const& host = request.header("host");
    auto const wanted = parse_pull_path(request.path);
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        Response response = render_error(error);
        if (error.http == 401) {
            std::string challenge =
                "Bearer realm=\"https://" + host + "/v2/token\",service=\"" + host + "\"";
            if (wanted) {
                challenge += ",scope=\"repository:" + wanted->repository + ":pull\"";
            }
            response.headers.emplace_back("WWW-Authenticate", challenge);
        }
        return response;
    };
    bool const head = request.method == "HEAD";
    scene.log.action = !wanted ? "Ping" : wanted->manifest ? "Manifest" : "Blob";
    auto const grant = open_grant(scene.sealer, bearer_token(request));
    if (!grant || grant->expires <= scene.now) {
        return fail({401, "UNAUTHORIZED", "authentication required"});
    }
    Response response;
    response.headers.emplace_back("Docker-Distribution-Api-Version", "registry/2.0");
    if (request.path == "/v2/" || request.path == "/v2") {
        return response;
    }
    if (!wanted || (!head && request.method != "GET")) {
        return fail({404, "UNSUPPORTED", "only pulling is simulated"});
    }
    scene.log.scope = "repository:" + wanted->repository + ":pull";
    if (std::find(grant->images.begin(), grant->images.end(), wanted->repository) ==
        grant->images.end()) {
        return fail({401, "UNAUTHORIZED", "the token is for another image"});
    }
    auto stored = find_stored(storage_, *wanted);
    if (!stored) {
        return fail({404, wanted->manifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN",
                     "Requested entity was not found."});
    }
    scene.log.granted = scene.log.scope;
    response.content_type = stored->content_type;
    response.headers.emplace_back("Docker-Content-Digest", stored->digest);
    response.body = std::move(stored->body);
    return response;
}

}  // namespace sim
