#include "e2e/sim/eks_pod_identity.hpp"

#include <cpprest/json.h>

#include <variant>

#include "e2e/sim/common/session.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view audience = "pods.eks.amazonaws.com";
constexpr std::string_view service = "pods.eks.amazonaws.com";
constexpr std::string_view subject_start = "system:serviceaccount:";

Response plain(int status, std::string const& text) {
    Response response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = text + "\n";
    return response;
}

/// The role trusts EKS with both actions, because sessions are tagged.
bool trusts_eks(Role const& role) {
    TrustQuestion question{"sts:AssumeRole", std::string(service), false, {}};
    question.service = true;
    TrustQuestion tagging = question;
    tagging.action = "sts:TagSession";
    return role.iam_trust.allows(question) && role.iam_trust.allows(tagging);
}

/// EKS Auth's AssumeRoleForPodIdentity.
std::variant<PodIdentityAssociation const*, CloudError> association_of(
    std::string const& token, TokenVerifier const& verifier, Scene& scene) {
    if (token.empty()) {
        return CloudError{400, "", "Service account token cannot be empty"};
    }
    auto const claims = verifier.verify(token);
    if (!claims || claims->audience != audience) {
        return CloudError{400, "InvalidTokenException",
                          "The provided token is not valid: its signature or audience is wrong"};
    }
    scene.log.caller = claims->subject;
    if (claims->expires <= scene.now) {
        return CloudError{400, "ExpiredTokenException",
                          "The token included in the request expired"};
    }
    for (PodIdentityAssociation const& one : scene.world.eks.associations) {
        if (claims->subject == std::string(subject_start) + one.service_account) {
            return &one;
        }
    }
    return CloudError{404, "ResourceNotFoundException", "No association found"};
}

Response credentials(PodIdentityAssociation const& association, Scene const& scene, bool expired) {
    auto const life = std::chrono::seconds(scene.world.eks.credential_seconds);
    TimePoint const expires = expired ? scene.now - std::chrono::hours(1) : scene.now + life;
    Session session = new_session(association.role_arn,
                                  "eks-" + scene.world.eks.cluster + "-simulated-pod", "", expires);
    session.transitive_tags = {"eks-cluster-arn",      "eks-cluster-name",
                               "kubernetes-namespace", "kubernetes-service-account",
                               "kubernetes-pod-name",  "kubernetes-pod-uid"};
    value body = value::object(true);
    body["AccessKeyId"] = value::string(session.access_key_id);
    body["SecretAccessKey"] = value::string(session.access_key_secret);
    body["Token"] = value::string(seal_session(scene.sealer, session));
    body["AccountId"] = value::string(account_of(association.role_arn));
    // As the agent writes it, with a fraction.
    std::string const time = format_time(expires);
    body["Expiration"] = value::string(time.substr(0, time.size() - 1) + ".123456789Z");
    Response response;
    response.content_type = "application/json";
    response.body = body.serialize();
    return response;
}

}  // namespace

Response EksPodIdentity::render_error(CloudError const& error) const {
    if (error.code.empty()) {
        return plain(error.http, error.message);
    }
    return plain(error.http, "[" + random_name(8) + "]: (" + error.code + "): " + error.message +
                                 ", fault: " + (error.http >= 500 ? "server" : "client"));
}

Response EksPodIdentity::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code.empty() ? "BadRequest" : error.code;
        return render_error(error);
    };
    bool const known = request.method == "GET" && request.path == "/v1/credentials";
    scene.log.action = known ? "PodIdentity" : request.path.substr(0, 200);
    if (!known) {
        return fail({404, "", "404 page not found"});
    }
    auto const found = association_of(request.header("authorization"), *verifier_, scene);
    if (auto const* error = std::get_if<CloudError>(&found)) {
        return fail(*error);
    }
    PodIdentityAssociation const& association = *std::get<PodIdentityAssociation const*>(found);
    scene.log.role = association.role_arn;
    auto const fault = take_fault(scene, {"PodIdentity", association.role_arn, "", ""});
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {429, "ThrottlingException", "Rate exceeded"}, fail)) {
            return *whole;
        }
    }
    Role const* role = scene.world.find_role(association.role_arn);
    if (role == nullptr || !trusts_eks(*role)) {
        return fail({400, "AccessDeniedException",
                     "Unauthorized Exception! EKS does not have permissions to assume the "
                     "associated role."});
    }
    Response response = credentials(association, scene, fault && fault->mode == FaultMode::Expired);
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
