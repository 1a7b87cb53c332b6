#include "e2e/sim/common/alibaba_call.hpp"

#include <cpprest/json.h>

#include "e2e/sim/common/answer.hpp"

namespace sim {

std::variant<SignedRequest, CloudError> open_alibaba_call(Request const& request,
                                                          std::string_view version,
                                                          NonceMemory& nonces, Scene& scene) {
    scene.log.action = request.header("x-acs-action");
    if (request.method != "POST" && request.method != "GET") {
        return CloudError{405, "UnsupportedHTTPMethod", "This HTTP method is not supported."};
    }
    auto verified = verify_acs3(request, scene.world, scene.sealer, nonces, scene.now);
    if (auto const* const known = std::get_if<SignedRequest>(&verified)) {
        scene.log.caller = known->caller.full_arn();
        if (known->version != version) {
            return CloudError{400, "InvalidVersion", "Specified parameter Version is not valid."};
        }
    }
    return verified;
}

Response alibaba_error(CloudError const& error, std::string const& host) {
    web::json::value body = web::json::value::object(true);
    body["RequestId"] = web::json::value::string(random_request_id());
    body["HostId"] = web::json::value::string(host);
    body["Code"] = web::json::value::string(error.code);
    body["Message"] = web::json::value::string(error.message);
    body["Recommend"] = web::json::value::string("https://api.aliyun.com/troubleshoot?q=" +
                                                 percent_encode(error.code));
    Response response;
    response.status = error.http;
    response.body = body.serialize();
    return response;
}

}  // namespace sim
