#include "e2e/sim/ec2_metadata.hpp"

#include <cpprest/json.h>

#include <variant>

#include "e2e/sim/common/session.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view token_purpose = "ec2-metadata-token";
constexpr std::string_view credentials_path = "/latest/meta-data/iam/security-credentials";
constexpr long token_seconds_at_most = 21600;

Response plain(std::string const& body) {
    Response response;
    response.content_type = "text/plain";
    response.body = body;
    return response;
}

bool token_is_good(std::string const& token, Scene const& scene) {
    auto const sealed_until = scene.sealer.unseal(token_purpose, token);
    auto const until = sealed_until ? parse_time(*sealed_until) : std::nullopt;
    return until && *until > scene.now;
}

Response credentials(Scene const& scene, bool expired) {
    auto const life = std::chrono::seconds(scene.world.ec2.credential_seconds);
    TimePoint const expires = expired ? scene.now - std::chrono::hours(1) : scene.now + life;
    Session const session =
        new_session(scene.world.ec2.role_arn, "i-0simulated0000001", "", expires);
    value body = value::object(true);
    body["Code"] = value::string("Success");
    body["LastUpdated"] = value::string(format_time(scene.now));
    body["Type"] = value::string("AWS-HMAC");
    body["AccessKeyId"] = value::string(session.access_key_id);
    body["SecretAccessKey"] = value::string(session.access_key_secret);
    body["Token"] = value::string(seal_session(scene.sealer, session));
    body["Expiration"] = value::string(format_time(expires));
    Response response = plain(body.serialize());
    return response;
}

std::variant<Response, CloudError> new_token(Request const& request, Scene const& scene) {
    if (request.method != "PUT") {
        return CloudError{405, "Method Not Allowed", ""};
    }
    // A proxy in between, or a server that was tricked into it: not from the instance itself.
    if (!request.header("x-forwarded-for").empty()) {
        return CloudError{403, "Forbidden", ""};
    }
    auto const seconds = parse_number(request.header("x-aws-ec2-metadata-token-ttl-seconds"), 1,
                                      token_seconds_at_most);
    if (!seconds) {
        return CloudError{400, "Bad Request", ""};
    }
    TimePoint const until = scene.now + std::chrono::seconds(*seconds);
    return plain(scene.sealer.seal(token_purpose, format_time(until)));
}

}  // namespace

Response Ec2Metadata::render_error(CloudError const& error) const {
    Response response =
        plain("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html><head><title>" +
              std::to_string(error.http) + " - " + error.code + "</title></head></html>\n");
    response.status = error.http;
    response.content_type = "text/html";
    return response;
}

Response Ec2Metadata::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    std::string const& role_arn = scene.world.ec2.role_arn;
    std::string const role = role_arn.substr(role_arn.rfind('/') + 1);
    std::string const base(credentials_path);
    std::string const action = request.path == "/latest/api/token"                  ? "Token"
                               : request.path == base || request.path == base + "/" ? "ListRole"
                               : request.path == base + "/" + percent_encode(role)  ? "Credentials"
                                                                                    : "";
    scene.log.action = action.empty() ? request.path.substr(0, 200) : action;
    scene.log.role = role_arn;
    auto const fault = take_fault(scene, {action, role_arn, "", ""});
    if (fault) {
        if (auto whole = answer_of_fault(*fault, {429, "Too Many Requests", ""}, fail)) {
            return *whole;
        }
    }
    Response response;
    if (action == "Token") {
        auto outcome = new_token(request, scene);
        if (auto const* error = std::get_if<CloudError>(&outcome)) {
            return fail(*error);
        }
        response = std::get<Response>(outcome);
    } else {
        if (request.method != "GET") {
            return fail({405, "Method Not Allowed", ""});
        }
        if (!token_is_good(request.header("x-aws-ec2-metadata-token"), scene)) {
            return fail({401, "Unauthorized", ""});
        }
        if (action.empty()) {
            return fail({404, "Not Found", ""});
        }
        bool const expired = fault && fault->mode == FaultMode::Expired;
        response = action == "ListRole" ? plain(role) : credentials(scene, expired);
    }
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
