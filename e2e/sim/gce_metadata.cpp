#include "e2e/sim/gce_metadata.hpp"

#include <cpprest/json.h>

#include "e2e/sim/common/google.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view accounts_path = "/computeMetadata/v1/instance/service-accounts/";

Response plain(std::string const& body, std::string const& type = "application/text") {
    Response response;
    response.content_type = type;
    response.headers.emplace_back("Metadata-Flavor", "Google");
    response.headers.emplace_back("Server", "Metadata Server for VM");
    response.body = body;
    return response;
}

value scopes_of(GoogleNode const& node) {
    value scopes = value::array();
    for (std::string const& scope : node.scopes) {
        scopes[scopes.size()] = value::string(scope);
    }
    return scopes;
}

Response token(GoogleNode const& node, bool expired, Scene const& scene) {
    // The server keeps one token and gives out what is left of its life.
    long const seconds = expired ? 0 : scene.faults.session_seconds().value_or(node.token_seconds);
    GoogleToken const granted{"serviceAccount:" + node.email, node.scopes,
                              scene.now + std::chrono::seconds(seconds)};
    value body = value::object(true);
    body["access_token"] = value::string(seal_google_token(scene.sealer, granted));
    body["expires_in"] = value::number(static_cast<int64_t>(seconds));
    body["token_type"] = value::string("Bearer");
    return plain(body.serialize(), "application/json");
}

/// ?recursive=true on an account.
Response account(GoogleNode const& node) {
    value body = value::object(true);
    body["aliases"] = value::array({value::string("default")});
    body["email"] = value::string(node.email);
    body["scopes"] = scopes_of(node);
    return plain(body.serialize(), "application/json");
}

std::string action_of(Request const& request, GoogleNode const& node) {
    if (request.path == "/" || request.path == "/computeMetadata/v1/") {
        return "Ping";
    }
    if (request.path == "/computeMetadata/v1/universe/universe-domain") {
        return "Universe";
    }
    if (request.path.compare(0, accounts_path.size(), accounts_path) != 0) {
        return "";
    }
    std::string const rest = request.path.substr(accounts_path.size());
    std::size_t const slash = rest.find('/');
    auto const name = percent_decode(rest.substr(0, slash));
    if (slash == std::string::npos || !name || (*name != "default" && *name != node.email)) {
        return "";
    }
    std::string const what = rest.substr(slash + 1);
    return what.empty() ? "Account" : what == "token" ? "Token" : what == "email" ? "Email" : "";
}

}  // namespace

Response GceMetadata::render_error(CloudError const& error) const {
    Response response = plain("<!DOCTYPE html>\n<html lang=en>\n<title>Error " +
                                  std::to_string(error.http) + " (" + error.code + ")!!1</title>\n",
                              "text/html; charset=UTF-8");
    response.status = error.http;
    return response;
}

Response GceMetadata::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    GoogleNode const& node = scene.world.google.node;
    std::string const action = action_of(request, node);
    scene.log.action = action.empty() ? request.path.substr(0, 200) : action;
    scene.log.role = node.email;
    auto const fault = take_fault(scene, {action, node.email, "", ""});
    if (fault) {
        if (auto whole = answer_of_fault(*fault, {429, "Too Many Requests", ""}, fail)) {
            return *whole;
        }
    }
    if (request.method != "GET") {
        return fail({405, "Method Not Allowed", ""});
    }
    // A proxy in between, or a server that was tricked into it: not from the machine itself.
    if (request.header("metadata-flavor") != "Google" ||
        !request.header("x-forwarded-for").empty()) {
        return fail({403, "Forbidden", ""});
    }
    bool const expired = fault && fault->mode == FaultMode::Expired;
    Response response = action == "Ping"       ? plain("computeMetadata/\n")
                        : action == "Universe" ? plain("googleapis.com")
                        : action == "Email"    ? plain(node.email)
                        : action == "Account"  ? account(node)
                        : action == "Token"    ? token(node, expired, scene)
                                               : fail({404, "Not Found", ""});
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
