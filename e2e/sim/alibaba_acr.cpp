#include "e2e/sim/alibaba_acr.hpp"

#include <cpprest/json.h>

#include <algorithm>

#include "e2e/sim/common/alibaba_call.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view mint_action = "cr:GetAuthorizationToken";

std::string host_of(World const& world) {
    return "cr." + world.metadata.region + ".aliyuncs.com";
}

/// RAM's refusal, with the detail that says which action was missing and why.
Response denied(Caller const& caller, Verdict verdict, std::string const& host) {
    Response response = alibaba_error(
        {403, "NoPermission",
         "User not authorized to operate on the specified resource, or this API doesn't support "
         "RAM."},
        host);
    value detail = value::object(true);
    detail["AuthAction"] = value::string(std::string(mint_action));
    detail["AuthPrincipalType"] =
        value::string(caller.session.empty() ? "SubUser" : "AssumedRoleUser");
    detail["AuthPrincipalOwnerId"] = value::string(caller.account);
    std::string const full = caller.full_arn();
    std::size_t const at = full.find("assumed-role/");
    detail["AuthPrincipalDisplayName"] = value::string(
        at == std::string::npos ? full
                                : full.substr(at + std::string_view("assumed-role/").size()));
    detail["NoPermissionType"] =
        value::string(verdict == Verdict::ExplicitDeny ? "ExplicitDeny" : "ImplicitDeny");
    detail["PolicyType"] = value::string(
        caller.session_policy.empty() ? "AccountLevelIdentityBasedPolicy" : "SessionPolicy");
    value body = value::parse(response.body);
    body["AccessDeniedDetail"] = detail;
    response.body = body.serialize();
    return response;
}

Response minted(Caller const& caller, std::string const& instance, TimePoint expires,
                Scene const& scene) {
    value body = value::object(true);
    body["Code"] = value::string("success");
    body["IsSuccess"] = value::boolean(true);
    body["RequestId"] = value::string(random_request_id());
    body["TempUsername"] = value::string("cr_temp_user");
    body["AuthorizationToken"] =
        value::string(make_registry_password(scene.sealer, caller, instance, scene.now, expires));
    body["ExpireTime"] =
        value::number(static_cast<int64_t>(std::chrono::system_clock::to_time_t(expires)) * 1000);
    Response response;
    response.body = body.serialize();
    return response;
}

/// The older API wraps what it says, and spells it otherwise.
Response minted_personal(Caller const& caller, std::string const& instance, TimePoint expires,
                         Scene const& scene) {
    value data = value::object(true);
    data["authorizationToken"] =
        value::string(make_registry_password(scene.sealer, caller, instance, scene.now, expires));
    data["tempUserName"] = value::string("cr_temp_user");
    data["expireDate"] =
        value::number(static_cast<int64_t>(std::chrono::system_clock::to_time_t(expires)) * 1000);
    value body = value::object(true);
    body["data"] = data;
    body["requestId"] = value::string(random_request_id());
    Response response;
    response.body = body.serialize();
    return response;
}

Response personal_error(CloudError const& error) {
    value body = value::object(true);
    body["requestId"] = value::string(random_request_id());
    body["code"] = value::string(error.code);
    body["message"] = value::string(error.message);
    Response response;
    response.status = error.http;
    response.body = body.serialize();
    return response;
}

/// An hour for permanent keys; never longer than the session that asks.
TimePoint password_end(Caller const& caller, long hours, TimePoint now) {
    return std::min(caller.expires, now + std::chrono::hours(hours));
}

}  // namespace

Response AlibabaAcr::render_error(CloudError const& error) const {
    Response response = alibaba_error(error, "cr.aliyuncs.com");
    if (error.http >= 400) {
        return response;
    }
    // The API's own way to fail: HTTP 200 with IsSuccess false.
    value body = value::object(true);
    body["Code"] = value::string(error.code);
    body["Message"] = value::string(error.message);
    body["IsSuccess"] = value::boolean(false);
    body["RequestId"] = value::string(random_request_id());
    response.body = body.serialize();
    return response;
}

Response AlibabaAcr::answer(Request const& request, Scene& scene) {
    // GET /tokens of the API of 2016 is the Personal Edition's (ROA); all else is RPC.
    bool const personal = request.path == "/tokens";
    auto const fail = [&](CloudError const& error) {
        scene.log.code = error.code;
        return personal ? personal_error(error) : render_error(error);
    };
    if (personal && request.method != "GET") {
        return fail({405, "UnsupportedHTTPMethod", "This HTTP method is not supported."});
    }
    auto const opened =
        open_alibaba_call(request, personal ? "2016-06-07" : "2018-12-01", nonces_, scene);
    if (auto const* error = std::get_if<CloudError>(&opened)) {
        return fail(*error);
    }
    auto const& known = std::get<SignedRequest>(opened);
    Caller const& caller = known.caller;
    std::string const id = find_parameter(known.parameters, "InstanceId").value_or("");
    scene.log.role = caller.session.empty() ? "" : caller.arn;
    scene.log.session = caller.session;
    scene.log.policy = caller.session_policy;
    scene.log.instance = id;
    auto const fault = take_fault(scene, {known.action, scene.log.role, caller.session, ""});
    if (fault) {
        CloudError const throttled{429, "Throttling.User",
                                   "Request was denied due to user flow control."};
        if (auto whole = answer_of_fault(*fault, throttled, fail)) {
            return *whole;
        }
    }
    if (known.action != "GetAuthorizationToken") {
        return fail({404, "InvalidAction.NotFound", "Specified api is not found."});
    }
    if (!personal && id.empty()) {
        return fail({400, "MissingInstanceId", "InstanceId is mandatory for this action."});
    }
    auto const hours =
        parse_number(find_parameter(known.parameters, "ExpiresInHours").value_or("1"), 1, 24);
    if (!hours) {
        return fail({400, "InvalidParameter", "ExpiresInHours must be from 1 to 24."});
    }
    // The documentation names two resources for this action; a policy that says "*" fits both, and
    // only that is accepted here, so that nobody relies on the friendlier reading.
    Verdict const verdict = evaluate(scene.world, caller, mint_action, "*");
    if (verdict != Verdict::Allowed) {
        scene.log.code = "NoPermission";
        return denied(caller, verdict, host_of(scene.world));
    }
    Instance const* instance =
        personal ? scene.world.find_personal(caller.account) : scene.world.find_instance(id);
    if (instance == nullptr || instance->account != caller.account) {
        return fail(personal ? CloudError{404, "USER_NOT_EXIST", "user is not exist."}
                             : CloudError{404, "INSTANCE_NOT_EXIST", "instance is not exist."});
    }
    scene.log.instance = instance->id;
    // Session life given, so no need of the default hour for sessions.
    TimePoint const expires = fault && fault->mode == FaultMode::Expired
                                  ? scene.now - std::chrono::hours(1)
                              : caller.session.empty() ? password_end(caller, *hours, scene.now)
                                                       : caller.expires;
    Response response = personal ? minted_personal(caller, instance->id, expires, scene)
                                 : minted(caller, id, expires, scene);
    if (fault && fault->mode == FaultMode::Slow) {
        response.delay_seconds = fault->seconds;
    }
    return response;
}

}  // namespace sim
