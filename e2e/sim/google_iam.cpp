#include "e2e/sim/google_iam.hpp"

#include <cpprest/json.h>

#include <variant>

#include "e2e/sim/common/google.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view path_begin = "/v1/projects/-/serviceAccounts/";
constexpr std::string_view path_end = ":generateAccessToken";
constexpr long default_seconds = 3600;

struct Wanted {
    std::vector<std::string> scopes;
    long seconds = default_seconds;
};

CloudError invalid(std::string const& why) {
    return {400, "INVALID_ARGUMENT", why};
}

/// The account that the path names; empty for another path.
std::string account_in(Request const& request) {
    auto const path = percent_decode(request.path);
    if (request.method != "POST" || !path || path->size() <= path_begin.size() + path_end.size() ||
        path->compare(0, path_begin.size(), path_begin) != 0 ||
        path->compare(path->size() - path_end.size(), path_end.size(), path_end) != 0) {
        return {};
    }
    return path->substr(path_begin.size(), path->size() - path_begin.size() - path_end.size());
}

std::variant<Wanted, CloudError> read_body(std::string const& body) {
    try {
        value const json = value::parse(body);
        Wanted wanted;
        for (auto const& [key, entry] : json.as_object()) {
            if (key == "scope") {
                for (value const& scope : entry.as_array()) {
                    wanted.scopes.push_back(scope.as_string());
                }
            } else if (key == "lifetime") {
                std::string const text = entry.as_string();
                auto const seconds =
                    text.empty() || text.back() != 's'
                        ? std::nullopt
                        : parse_number(text.substr(0, text.size() - 1), 1, 1000000);
                if (!seconds) {
                    return invalid("Invalid value at 'lifetime', \"" + text + "\"");
                }
                wanted.seconds = *seconds;
            } else if (key != "delegates" || entry.size() != 0) {
                // Chains of delegation exist, but nothing here needs them.
                return invalid("Invalid JSON payload received. Unknown name \"" + key + "\"");
            }
        }
        if (wanted.scopes.empty()) {
            return invalid("Scope required.");
        }
        return wanted;
    } catch (web::json::json_exception const&) {
        return invalid("Invalid JSON payload received.");
    }
}

std::variant<GoogleToken, CloudError> authenticate(Request const& request, Scene const& scene) {
    auto const token = open_google_token(scene.sealer, bearer_token(request));
    if (!token || token->expires <= scene.now) {
        return CloudError{401, "UNAUTHENTICATED",
                          "Request had invalid authentication credentials. Expected OAuth 2 access "
                          "token, login cookie or other valid authentication credential."};
    }
    if (!token->has_scope({"cloud-platform", "iam"})) {
        return CloudError{403, "PERMISSION_DENIED",
                          "Request had insufficient authentication scopes."};
    }
    return *token;
}

std::variant<Response, CloudError> new_token(GoogleServiceAccount const& account,
                                             Wanted const& wanted, bool expired,
                                             Scene const& scene) {
    if (wanted.seconds > account.token_seconds_at_most) {
        return invalid("The access token lifetime cannot exceed " +
                       std::to_string(account.token_seconds_at_most) + "s.");
    }
    long const life = scene.faults.session_seconds().value_or(
        account.token_seconds_override > 0 ? account.token_seconds_override : wanted.seconds);
    TimePoint const expires = scene.now + std::chrono::seconds(expired ? -3600 : life);
    GoogleToken const token{"serviceAccount:" + account.email, wanted.scopes, expires};
    value body = value::object(true);
    body["accessToken"] = value::string(seal_google_token(scene.sealer, token));
    body["expireTime"] = value::string(format_time(expires));
    Response response;
    response.content_type = "application/json; charset=UTF-8";
    response.body = body.serialize();
    return response;
}

}  // namespace

Response GoogleIam::render_error(CloudError const& error) const {
    return google_error(error);
}

Response GoogleIam::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    std::string const email = account_in(request);
    if (email.empty()) {
        return fail({404, "NOT_FOUND", "Requested entity was not found."});
    }
    scene.log.action = "GenerateAccessToken";
    scene.log.role = email;
    auto const authenticated = authenticate(request, scene);
    if (auto const* error = std::get_if<CloudError>(&authenticated)) {
        return fail(*error);
    }
    std::string const& caller = std::get<GoogleToken>(authenticated).principal;
    scene.log.caller = google_name(caller);
    auto const fault = take_fault(scene, {"GenerateAccessToken", email, scene.log.caller, ""});
    if (fault) {
        CloudError const throttled{429, "RESOURCE_EXHAUSTED",
                                   "Quota exceeded for quota metric 'Generate access token'."};
        if (auto whole = answer_of_fault(*fault, throttled, fail)) {
            return *whole;
        }
    }
    auto const body = read_body(request.body);
    if (auto const* error = std::get_if<CloudError>(&body)) {
        return fail(*error);
    }
    auto const& wanted = std::get<Wanted>(body);
    for (std::string const& scope : wanted.scopes) {
        scene.log.scope += (scene.log.scope.empty() ? "" : " ") + scope;
    }
    GoogleServiceAccount const* account = scene.world.google.find_service_account(email);
    if (account == nullptr) {
        return fail({404, "NOT_FOUND", "Not found; Gaia id not found for email " + email});
    }
    if (!account->policy.allows(caller, "iam.serviceAccounts.getAccessToken")) {
        return fail({403, "PERMISSION_DENIED",
                     "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it "
                     "may not exist)."});
    }
    auto outcome = new_token(*account, wanted, fault && fault->mode == FaultMode::Expired, scene);
    if (auto const* error = std::get_if<CloudError>(&outcome)) {
        return fail(*error);
    }
    auto& response = std::get<Response>(outcome);
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
