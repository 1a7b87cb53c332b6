#include "e2e/sim/ecr_registry.hpp"

#include <variant>

#include "e2e/sim/common/ecr_password.hpp"
#include "e2e/sim/common/image_store.hpp"

namespace sim {
namespace {

CloudError denied(std::string const& why) {
    return {403, "DENIED", why};
}

std::variant<Caller, CloudError> log_in(Request const& request, Scene const& scene) {
    std::string const& header = request.header("authorization");
    if (lower_case(header.substr(0, 6)) != "basic ") {
        return CloudError{401, "UNAUTHORIZED", "Not Authorized"};
    }
    auto const pair = base64_decode(trim(std::string_view(header).substr(6)));
    if (!pair || pair->compare(0, 4, "AWS:") != 0) {
        return CloudError{400, "DENIED", "Not Authorized"};
    }
    auto const login = open_ecr_password(scene.sealer, std::string_view(*pair).substr(4));
    if (!login || login->region != scene.world.ec2.region) {
        return CloudError{400, "DENIED", "Your Authorization Token is invalid."};
    }
    if (login->expires <= scene.now) {
        return denied("Your authorization token has expired. Reauthenticate and try again.");
    }
    return login->caller;
}

std::string action_for(Wanted const& wanted, bool head) {
    if (wanted.manifest) {
        return "ecr:BatchGetImage";
    }
    return head ? "ecr:BatchCheckLayerAvailability" : "ecr:GetDownloadUrlForLayer";
}

}  // namespace

EcrRegistry::EcrRegistry(std::string storage) : storage_(std::move(storage)) {}

Response EcrRegistry::render_error(CloudError const& error) const {
    Response response = registry_error(error);
    response.headers.emplace_back("Docker-Distribution-Api-Version", "registry/2.0");
    if (error.http == 401) {
        response.headers.emplace_back("WWW-Authenticate",
                                      "Basic realm=\"https://ecr.amazonaws.com/\","
                                      "service=\"ecr.amazonaws.com\"");
    }
    return response;
}

Response EcrRegistry::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    bool const head = request.method == "HEAD";
    scene.log.action = "Ping";
    auto const logged_in = log_in(request, scene);
    if (auto const* error = std::get_if<CloudError>(&logged_in)) {
        return fail(*error);
    }
    Caller const& caller = std::get<Caller>(logged_in);
    scene.log.caller = caller.full_arn();
    scene.log.role = caller.session.empty() ? "" : caller.arn;
    scene.log.session = caller.session;
    scene.log.policy = caller.session_policy;
    Response response;
    response.headers.emplace_back("Docker-Distribution-Api-Version", "registry/2.0");
    if (request.path == "/v2/" || request.path == "/v2") {
        return response;
    }
    auto const wanted = parse_pull_path(request.path);
    if (!wanted || (!head && request.method != "GET")) {
        return fail({404, "UNSUPPORTED", "only pulling is simulated"});
    }
    std::string const action = action_for(*wanted, head);
    std::string const account = request.header("host").substr(0, 12);
    std::string const resource = "arn:aws:ecr:" + scene.world.ec2.region + ":" + account +
                                 ":repository/" + wanted->repository;
    scene.log.action = action;
    scene.log.scope = "repository:" + wanted->repository + ":pull";
    auto const fault = take_fault(scene, {action, scene.log.role, caller.session, scene.log.scope});
    if (fault) {
        if (auto whole = answer_of_fault(*fault, {429, "TOOMANYREQUESTS", "Rate exceeded"}, fail)) {
            return *whole;
        }
    }
    // Repositories have no policies of their own here, so another account's principal may nothing.
    if (caller.account != account ||
        evaluate(scene.world, caller, action, resource) != Verdict::Allowed) {
        return fail(denied("User: " + caller.full_arn() + " is not authorized to perform: " +
                           action + " on resource: " + resource));
    }
    auto stored = find_stored(storage_, *wanted);
    if (!stored) {
        return fail({404, wanted->manifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN",
                     "The image with this reference does not exist"});
    }
    scene.log.granted = scene.log.scope;
    response.content_type = stored->content_type;
    response.headers.emplace_back("Docker-Content-Digest", stored->digest);
    response.body = std::move(stored->body);
    return response;
}

}  // namespace sim
