#include "e2e/sim/azure_metadata.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <variant>

#include "e2e/sim/azure_ad.hpp"
#include "e2e/sim/common/azure_token.hpp"

namespace sim {
namespace {

using web::json::value;

CloudError invalid_request(std::string const& what) {
    return {400, "invalid_request", what};
}

std::string seconds(TimePoint time) {
    return std::to_string(std::chrono::system_clock::to_time_t(time));
}

/// Which identity's token is asked for: the named one, else the node's own, else the only one.
std::variant<AzurePrincipal const*, CloudError> identity_for(Parameters const& query,
                                                             AzureWorld const& azure) {
    for (auto const* other : {"object_id", "msi_res_id", "mi_res_id"}) {
        if (find_parameter(query, other)) {
            return invalid_request("identities are simulated by client_id alone");
        }
    }
    auto const& attached = azure.user_assigned;
    std::string client_id = find_parameter(query, "client_id").value_or("");
    if (client_id.empty()) {
        client_id = azure.system_assigned;
        if (client_id.empty() && attached.size() == 1) {
            client_id = attached.front();
        }
        if (client_id.empty() && !attached.empty()) {
            return invalid_request(
                "Multiple user assigned identities exist, please specify the clientId / resourceId "
                "of the identity in the token request");
        }
    } else if (client_id != azure.system_assigned &&
               std::find(attached.begin(), attached.end(), client_id) == attached.end()) {
        return invalid_request("Identity not found");
    }
    AzurePrincipal const* principal = azure.find_principal(client_id);
    if (principal == nullptr) {
        return invalid_request("Identity not found");
    }
    return principal;
}

std::variant<Response, CloudError> token(Parameters const& query, bool expired, Scene& scene) {
    std::string const resource = find_parameter(query, "resource").value_or("");
    if (resource.empty()) {
        return invalid_request("Required query variable 'resource' is missing");
    }
    std::string const audience = azure_resource(resource);
    if (audience.empty()) {
        return CloudError{400, "invalid_resource",
                          "AADSTS500011: The resource principal named " + resource +
                              " was not found in the tenant."};
    }
    auto const found = identity_for(query, scene.world.azure);
    if (auto const* error = std::get_if<CloudError>(&found)) {
        return *error;
    }
    AzurePrincipal const& principal = *std::get<AzurePrincipal const*>(found);
    scene.log.role = principal.client_id;
    TimePoint const expires =
        scene.now + std::chrono::seconds(expired ? -3600 : scene.world.azure.token_seconds);
    value body = value::object(true);
    body["access_token"] = value::string(make_azure_token(
        scene.sealer,
        {AzureToken::Kind::Aad, "https://sts.windows.net/" + principal.tenant + "/", audience,
         principal.client_id, principal.tenant, expires},
        scene.now));
    // Numbers are texts here, unlike at Entra ID itself.
    body["client_id"] = value::string(principal.client_id);
    body["expires_in"] =
        value::string(std::to_string(expired ? -3600 : scene.world.azure.token_seconds));
    body["expires_on"] = value::string(seconds(expires));
    body["ext_expires_in"] = value::string(std::to_string(scene.world.azure.token_seconds));
    body["not_before"] = value::string(seconds(scene.now));
    body["resource"] = value::string(resource);
    body["token_type"] = value::string("Bearer");
    Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = body.serialize();
    return response;
}

}  // namespace

Response AzureMetadata::render_error(CloudError const& error) const {
    value body = value::object(true);
    body["error"] = value::string(error.code);
    body["error_description"] = value::string(error.message);
    Response response;
    response.status = error.http;
    response.content_type = "application/json; charset=utf-8";
    response.body = body.serialize();
    return response;
}

Response AzureMetadata::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    bool const known = request.path == "/metadata/identity/oauth2/token";
    scene.log.action = known ? "ManagedIdentityToken" : request.path.substr(0, 200);
    if (lower_case(request.header("metadata")) != "true") {
        return fail(invalid_request("Required metadata header not specified"));
    }
    // From the node itself, not through a proxy or a server that was tricked into it.
    if (!request.header("x-forwarded-for").empty()) {
        return fail(invalid_request("Request contains forbidden header X-Forwarded-For"));
    }
    auto const query = parse_form(request.query);
    if (!known || request.method != "GET" || !query) {
        return fail({404, "not_found", "The requested resource is not found"});
    }
    scene.log.scope = find_parameter(*query, "resource").value_or("");
    std::string const asked = find_parameter(*query, "client_id").value_or("");
    auto const fault = take_fault(scene, {scene.log.action, asked, "", scene.log.scope});
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {429, "too_many_requests", "Too many requests"}, fail)) {
            return *whole;
        }
    }
    std::string const version = find_parameter(*query, "api-version").value_or("");
    if (version < "2018-02-01") {
        return fail({400, "bad_request_102",
                     "Bad request. api-version is invalid or was not specified in the request."});
    }
    auto outcome = token(*query, fault && fault->mode == FaultMode::Expired, scene);
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
