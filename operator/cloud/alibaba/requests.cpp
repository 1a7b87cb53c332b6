#include "operator/cloud/alibaba/requests.hpp"

#include <chrono>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "operator/cloud/session_name.hpp"

namespace rt::op::alibaba {
namespace {

/// Link-local and plain HTTP by the cloud's design.
constexpr std::string_view metadata_base = "http://100.100.100.200";
/// The longest the service grants; we ask for fresh ones long before.
constexpr std::string_view metadata_token_seconds = "21600";
/// Local to the machine: an answer that takes longer will not come.
constexpr std::chrono::milliseconds metadata_timeout{2'000};

constexpr std::string_view sts_version = "2015-04-01";

http::Request metadata_get(std::string const& path, SecretString const& token) {
    http::Request request;
    request.url = std::string(metadata_base) + path;
    request.timeout = metadata_timeout;
    if (!token.empty()) {
        request.headers.add("X-aliyun-ecs-metadata-token", std::string(token.reveal()));
    }
    return request;
}

}  // namespace

Endpoints endpoints_of(tenancy::AlibabaAcrSpec const& spec) {
    bool const vpc = spec.endpoints == tenancy::AlibabaAcrSpec::Endpoints::Vpc;
    std::string const suffix = (vpc ? "-vpc." : ".") + spec.region + ".aliyuncs.com";
    return {"sts" + suffix, "cr" + suffix};
}

http::Request metadata_token_request() {
    http::Request request = metadata_get("/latest/api/token", SecretString());
    request.method = "PUT";
    request.headers.add("X-aliyun-ecs-metadata-token-ttl-seconds",
                        std::string(metadata_token_seconds));
    return request;
}

http::Request metadata_role_request(SecretString const& token) {
    return metadata_get("/latest/meta-data/ram/security-credentials/", token);
}

http::Request metadata_credentials_request(std::string const& role, SecretString const& token) {
    return metadata_get("/latest/meta-data/ram/security-credentials/" + percent_encode(role),
                        token);
}

ApiCall assume_role_call(std::string const& sts_host, AssumeRole const& parameters) {
    ApiCall call;
    call.host = sts_host;
    call.action = "AssumeRole";
    call.version = sts_version;
    call.form = {
        {"RoleArn", parameters.role_arn},
        {"RoleSessionName", parameters.session_name},
        {"DurationSeconds", std::to_string(parameters.duration_seconds)},
    };
    if (!parameters.external_id.empty()) {
        call.form["ExternalId"] = parameters.external_id;
    }
    if (!parameters.policy.empty()) {
        call.form["Policy"] = parameters.policy;
    }
    return call;
}

http::Request web_identity_request(std::string const& sts_host, AssumeRole const& parameters,
                                   std::string const& provider, SecretString const& token,
                                   WallTime now, std::string const& nonce) {
    std::map<std::string, std::string> form{
        {"RoleArn", parameters.role_arn},
        {"OIDCProviderArn", provider},
        {"OIDCToken", std::string(token.reveal())},
        {"RoleSessionName", parameters.session_name},
        {"DurationSeconds", std::to_string(parameters.duration_seconds)}};
    if (!parameters.policy.empty()) {
        form["Policy"] = parameters.policy;
    }
    http::Request request;
    request.method = "POST";
    request.url = "https://" + sts_host + "/?" +
                  encode_parameters({{"Action", "AssumeRoleWithOIDC"},
                                     {"Version", std::string(sts_version)},
                                     {"Format", "JSON"},
                                     {"Timestamp", format_rfc3339(now)},
                                     {"SignatureNonce", nonce}});
    request.headers.add("content-type", "application/x-www-form-urlencoded");
    request.body = encode_parameters(form);
    return request;
}

ApiCall personal_token_call(std::string const& acr_host) {
    ApiCall call;
    call.method = "GET";
    call.host = acr_host;
    call.path = "/tokens";
    call.action = "GetAuthorizationToken";
    call.version = "2016-06-07";
    return call;
}

ApiCall authorization_token_call(std::string const& acr_host, std::string const& instance_id) {
    ApiCall call;
    call.host = acr_host;
    call.action = "GetAuthorizationToken";
    call.version = "2018-12-01";
    call.query = {{"InstanceId", instance_id}};
    return call;
}

std::string session_name(std::string const& cluster, std::string const& ns) {
    return op::session_name(cluster, ns, {32, ".@-_"});
}

}  // namespace rt::op::alibaba
