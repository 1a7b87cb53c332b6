#include "e2e/sim/aws_ecr.hpp"

#include <cpprest/json.h>

#include "e2e/sim/common/ecr_password.hpp"
#include "e2e/sim/common/sigv4.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view target_prefix = "AmazonEC2ContainerRegistry_V20150921.";
constexpr auto password_life = std::chrono::hours(12);

CloudError signature_error(SignatureError const& error) {
    switch (error.problem) {
        case SignatureProblem::Missing:
            return {400, "MissingAuthenticationTokenException", error.message};
        case SignatureProblem::Incomplete:
            return {400, "IncompleteSignatureException", error.message};
        case SignatureProblem::UnknownKey:
            return {400, "UnrecognizedClientException", error.message};
        case SignatureProblem::Expired:
            return {400, "ExpiredTokenException", error.message};
        case SignatureProblem::Wrong:
        case SignatureProblem::Clock:
            break;
    }
    return {400, "InvalidSignatureException", error.message};
}

Response new_token(Caller const& caller, std::string const& region, bool expired,
                   Scene const& scene) {
    // The password outlives the session that asked for it.
    TimePoint const expires =
        expired ? scene.now - std::chrono::hours(1) : scene.now + password_life;
    std::string const password = make_ecr_password(scene.sealer, EcrLogin{caller, region, expires});
    value data = value::object(true);
    data["authorizationToken"] = value::string(base64_encode("AWS:" + password));
    data["expiresAt"] =
        value::number(static_cast<double>(std::chrono::system_clock::to_time_t(expires)) + 0.25);
    data["proxyEndpoint"] =
        value::string("https://" + caller.account + ".dkr.ecr." + region + ".amazonaws.com");
    value body = value::object();
    body["authorizationData"] = value::array({data});
    Response response;
    response.content_type = "application/x-amz-json-1.1";
    response.headers.emplace_back("x-amzn-RequestId", lower_case(random_request_id()));
    response.body = body.serialize();
    return response;
}

}  // namespace

Response AwsEcr::render_error(CloudError const& error) const {
    value body = value::object(true);
    body["__type"] = value::string(error.code);
    body["message"] = value::string(error.message);
    Response response;
    response.status = error.http;
    response.content_type = "application/x-amz-json-1.1";
    response.headers.emplace_back("x-amzn-RequestId", lower_case(random_request_id()));
    response.body = body.serialize();
    return response;
}

Response AwsEcr::answer(Request const& request, Scene& scene) {
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return render_error(error);
    };
    std::string const& target = request.header("x-amz-target");
    std::string const action = target.compare(0, target_prefix.size(), target_prefix) == 0
                                   ? target.substr(target_prefix.size())
                                   : "";
    scene.log.action = action;
    std::string const& region = scene.world.ec2.region;
    auto const verified =
        verify_sigv4(request, scene.world, scene.sealer, region, "ecr", scene.now);
    if (auto const* error = std::get_if<SignatureError>(&verified)) {
        return fail(signature_error(*error));
    }
    Caller const& caller = std::get<Caller>(verified);
    scene.log.caller = caller.full_arn();
    scene.log.role = caller.session.empty() ? "" : caller.arn;
    scene.log.session = caller.session;
    scene.log.policy = caller.session_policy;
    auto const fault = take_fault(scene, {action, scene.log.role, caller.session, ""});
    if (fault) {
        if (auto whole =
                answer_of_fault(*fault, {400, "ThrottlingException", "Rate exceeded"}, fail)) {
            return *whole;
        }
    }
    if (request.method != "POST" || action != "GetAuthorizationToken" ||
        request.header("content-type") != "application/x-amz-json-1.1") {
        return fail({400, "UnknownOperationException", ""});
    }
    if (evaluate(scene.world, caller, "ecr:GetAuthorizationToken", "*") != Verdict::Allowed) {
        return fail(
            {400, "AccessDeniedException",
             "User: " + caller.full_arn() +
                 " is not authorized to perform: ecr:GetAuthorizationToken on resource: *"});
    }
    bool const expired = fault && fault->mode == FaultMode::Expired;
    Response response = new_token(caller, region, expired, scene);
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
