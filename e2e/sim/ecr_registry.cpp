#include "e2e/sim/ecr_registry.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <variant>

#include "e2e/sim/common/ecr_password.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::uintmax_t blob_bytes_at_most = std::uintmax_t{64} << 20;  // test images are small

/// GET /v2/NAME/manifests/REFERENCE or /v2/NAME/blobs/DIGEST.
struct Wanted {
    std::string repository;
    bool manifest = false;
    std::string reference;
};

bool made_of(std::string_view text, std::string_view marks) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::optional<Wanted> parse_path(std::string const& path) {
    for (std::string const kind : {"/manifests/", "/blobs/"}) {
        std::size_t const at = path.rfind(kind);
        if (at == std::string::npos || path.compare(0, 4, "/v2/") != 0 || at <= 4) {
            continue;
        }
        Wanted wanted{path.substr(4, at - 4), kind == "/manifests/", path.substr(at + kind.size())};
        // No way out of the folder: names have no empty or dotted segments.
        bool const proper = made_of(wanted.repository, "/._-") &&
                            wanted.repository.find("..") == std::string::npos &&
                            made_of(wanted.reference, "._:-") &&
                            wanted.reference.find("..") == std::string::npos;
        return proper ? std::optional<Wanted>(wanted) : std::nullopt;
    }
    return std::nullopt;
}

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

std::optional<std::string> content(std::string const& path) {
    std::error_code none;
    auto const size = std::filesystem::file_size(path, none);
    if (none || size > blob_bytes_at_most) {
        return std::nullopt;
    }
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

/// The digest behind a tag or digest of this very repository; empty where there is none.
std::string digest_of(std::string const& storage, Wanted const& wanted) {
    std::string const base =
        storage + "/docker/registry/v2/repositories/" + wanted.repository + "/";
    if (wanted.reference.compare(0, 7, "sha256:") != 0) {
        return trim(
            content(base + "_manifests/tags/" + wanted.reference + "/current/link").value_or(""));
    }
    std::string const hex = wanted.reference.substr(7);
    std::string const link =
        wanted.manifest ? "_manifests/revisions/sha256/" + hex : "_layers/sha256/" + hex;
    return trim(content(base + link + "/link").value_or(""));
}

}  // namespace

EcrRegistry::EcrRegistry(std::string storage) : storage_(std::move(storage)) {}

Response EcrRegistry::render_error(CloudError const& error) const {
    value entry = value::object(true);
    entry["code"] = value::string(error.code);
    entry["message"] = value::string(error.message);
    value body = value::object();
    body["errors"] = value::array({entry});
    Response response;
    response.status = error.http;
    response.content_type = "application/json";
    response.body = body.serialize();
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
    auto const wanted = parse_path(request.path);
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
    std::string const digest = digest_of(storage_, *wanted);
    std::string const hex = digest.empty() ? "" : digest.substr(7);
    auto body = digest.empty() ? std::nullopt
                               : content(storage_ + "/docker/registry/v2/blobs/sha256/" +
                                         hex.substr(0, 2) + "/" + hex + "/data");
    if (!body) {
        return fail({404, wanted->manifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN",
                     "The image with this reference does not exist"});
    }
    scene.log.granted = scene.log.scope;
    response.content_type = wanted->manifest ? value::parse(*body).at("mediaType").as_string()
                                             : "application/octet-stream";
    response.headers.emplace_back("Docker-Content-Digest", digest);
    response.body = std::move(*body);
    return response;
}

}  // namespace sim
