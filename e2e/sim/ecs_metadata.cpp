#include "e2e/sim/ecs_metadata.hpp"

#include <cpprest/json.h>

#include "e2e/sim/common/session.hpp"

namespace sim {
namespace {

constexpr std::string_view token_purpose = "metadata-token";
constexpr std::string_view credentials_path = "/latest/meta-data/ram/security-credentials";
constexpr long token_seconds_at_most = 21600;

Response plain(std::string const& body) {
    Response response;
    response.content_type = "text/plain";
    response.body = body;
    return response;
}

CloudError not_found() {
    return {404, "NotFound", "The requested resource was not found."};
}

std::string last_segment(std::string const& arn) {
    return arn.substr(arn.rfind('/') + 1);
}

bool token_is_good(std::string const& token, Scene const& scene) {
    auto const sealed_until = scene.sealer.unseal(token_purpose, token);
    if (!sealed_until) {
        return false;
    }
    auto const until = parse_time(*sealed_until);
    return until && *until > scene.now;
}

Response credentials(Scene& scene, bool expired) {
    auto const life = std::chrono::seconds(scene.world.metadata.credential_seconds);
    TimePoint const expires = expired ? scene.now - std::chrono::hours(1) : scene.now + life;
    Session const session = new_session(scene.world.metadata.role_arn, "ecs-instance", "", expires);
    web::json::value body = web::json::value::object(true);
    body["AccessKeyId"] = web::json::value::string(session.access_key_id);
    body["AccessKeySecret"] = web::json::value::string(session.access_key_secret);
    body["SecurityToken"] = web::json::value::string(seal_session(scene.sealer, session));
    body["Expiration"] = web::json::value::string(format_time(expires));
    body["LastUpdated"] = web::json::value::string(format_time(scene.now));
    body["Code"] = web::json::value::string("Success");
    Response response;
    response.content_type = "application/json";
    response.body = body.serialize();
    return response;
}

/// The action's name in faults and log, or nothing for an unknown path.
std::string action_of(std::string const& path, std::string const& role) {
    if (path == "/latest/api/token") {
        return "Token";
    }
    if (path == credentials_path || path == std::string(credentials_path) + "/") {
        return "ListRole";
    }
    if (path == std::string(credentials_path) + "/" + role) {
        return "Credentials";
    }
    if (path == "/latest/meta-data/region-id") {
        return "RegionID";
    }
    if (path == "/latest/meta-data/owner-account-id") {
        return "OwnerAccountID";
    }
    if (path == "/latest/meta-data/instance-id") {
        return "InstanceID";
    }
    return {};
}

}  // namespace

Response EcsMetadata::render_error(CloudError const& error) const {
    Response response = plain("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html><title>" +
                              std::to_string(error.http) + " - " + error.code + "</title><body>" +
                              error.message + "</body></html>\n");
    response.status = error.http;
    response.content_type = "text/html";
    return response;
}

Response EcsMetadata::answer(Request const& request, Scene& scene) {
    Metadata const& metadata = scene.world.metadata;
    std::string const role = last_segment(metadata.role_arn);
    std::string const action = action_of(request.path, role);
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    scene.log.action = action.empty() ? request.path.substr(0, 200) : action;
    if (action.empty()) {
        return fail(not_found());
    }
    scene.log.role = metadata.role_arn;

    auto const fault = take_fault(scene, {action, metadata.role_arn, "", ""});
    if (fault) {
        if (auto whole = answer_of_fault(*fault, {429, "TooManyRequests", "Slow down."},
                                         [&](CloudError const& error) { return fail(error); })) {
            return *whole;
        }
    }
    Response response;
    if (action == "Token") {
        if (request.method != "PUT") {
            return fail({405, "MethodNotAllowed", "Use PUT."});
        }
        auto const seconds = parse_number(request.header("x-aliyun-ecs-metadata-token-ttl-seconds"),
                                          1, token_seconds_at_most);
        if (!seconds) {
            return fail({400, "BadRequest", "The ttl must be from 1 to 21600."});
        }
        TimePoint const until = scene.now + std::chrono::seconds(*seconds);
        response = plain(scene.sealer.seal(token_purpose, format_time(until)));
    } else {
        if (request.method != "GET") {
            return fail({405, "MethodNotAllowed", "Use GET."});
        }
        std::string const& token = request.header("x-aliyun-ecs-metadata-token");
        bool const hardened = scene.faults.hardened_metadata().value_or(metadata.hardened);
        if (token.empty() && hardened) {
            return fail({403, "Forbidden", "A token is required."});
        }
        if (!token.empty() && !token_is_good(token, scene)) {
            return fail({403, "Forbidden", "The token is not valid."});
        }
        bool const expired = fault && fault->mode == FaultMode::Expired;
        if (action == "ListRole") {
            response = plain(role);
        }
        if (action == "Credentials") {
            response = credentials(scene, expired);
        }
        if (action == "RegionID") {
            response = plain(metadata.region);
        }
        if (action == "OwnerAccountID") {
            response = plain(metadata.account);
        }
        if (action == "InstanceID") {
            response = plain("i-simulated0000000001");
        }
    }
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
