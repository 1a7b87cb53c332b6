#include "operator/cloud/amazon/requests.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "lib/base/text.hpp"
#include "lib/http/authority.hpp"
#include "operator/cloud/session_name.hpp"

namespace rt::op::amazon {
namespace {

/// Link-local and plain HTTP by the cloud's design.
constexpr std::string_view metadata_base = "http://169.254.169.254";
/// The longest the service grants; every fetch asks for a fresh one.
constexpr std::string_view metadata_token_seconds = "21600";
/// Local to the machine: an answer that takes longer will not come (a hop limit of 1 looks so,
/// too).
constexpr std::chrono::milliseconds metadata_timeout{2'000};

/// On the node, but it asks EKS for each credential that it does not have yet.
constexpr std::chrono::milliseconds agent_timeout{5'000};
/// Plain HTTP never leaves the machine.
constexpr std::array<std::string_view, 5> agent_hosts{"169.254.170.23", "[fd00:ec2::23]",
                                                      "localhost", "127.0.0.1", "[::1]"};

constexpr std::string_view form_type = "application/x-www-form-urlencoded; charset=utf-8";
constexpr std::string_view sts_version = "2011-06-15";

http::Request metadata_get(std::string const& path, SecretString const& token) {
    http::Request request;
    request.url = std::string(metadata_base) + path;
    request.timeout = metadata_timeout;
    request.headers.add("X-aws-ec2-metadata-token", std::string(token.reveal()));
    return request;
}

}  // namespace

Endpoints endpoints_of(tenancy::AmazonEcrSpec const& spec) {
    std::string const suffix = "." + spec.region + ".amazonaws.com" +
                               (spec.partition() == "aws-cn" ? std::string(".cn") : std::string());
    return {"sts" + suffix, "api.ecr" + suffix};
}

http::Request metadata_token_request() {
    http::Request request;
    request.method = "PUT";
    request.url = std::string(metadata_base) + "/latest/api/token";
    request.timeout = metadata_timeout;
    request.headers.add("X-aws-ec2-metadata-token-ttl-seconds",
                        std::string(metadata_token_seconds));
    return request;
}

http::Request metadata_role_request(SecretString const& token) {
    return metadata_get("/latest/meta-data/iam/security-credentials/", token);
}

http::Request metadata_credentials_request(std::string const& role, SecretString const& token) {
    return metadata_get("/latest/meta-data/iam/security-credentials/" + percent_encode(role),
                        token);
}

Result<http::Request> pod_identity_request(std::string const& url, SecretString const& token) {
    http::Url const parts = http::split_url(url);
    std::string_view const authority = parts.authority;
    bool const at_home = std::find(agent_hosts.begin(), agent_hosts.end(),
                                   http::host_and_port(authority, "80").first) != agent_hosts.end();
    bool const goes = parts.scheme == "https" || (parts.scheme == "http" && at_home);
    if (!goes || authority.empty() || authority.find('@') != std::string_view::npos) {
        return fail(
            invalid_argument("AWS_CONTAINER_CREDENTIALS_FULL_URI is " + printable(url, 256) +
                             ": only https:// may lead further than to the EKS Pod Identity agent "
                             "(http://169.254.170.23 or http://[fd00:ec2::23])"));
    }
    if (token.reveal().find_first_of("\r\n") != std::string_view::npos) {
        return fail(invalid_argument(
            "the token for the EKS Pod Identity agent has more than one line: it is no token"));
    }
    http::Request request;
    request.url = url;
    request.timeout = agent_timeout;
    request.headers.add("Authorization", std::string(token.reveal()));
    return request;
}

ApiCall assume_role_call(tenancy::AmazonEcrSpec const& spec, AssumeRole const& parameters) {
    std::vector<std::pair<std::string, std::string>> form{
        {"Action", "AssumeRole"},
        {"Version", std::string(sts_version)},
        {"RoleArn", parameters.role_arn},
        {"RoleSessionName", parameters.session_name},
        {"DurationSeconds", std::to_string(parameters.duration_seconds)},
    };
    if (!parameters.external_id.empty()) {
        form.emplace_back("ExternalId", parameters.external_id);
    }
    if (!parameters.policy.empty()) {
        form.emplace_back("Policy", parameters.policy);
    }
    if (!parameters.tag_cluster.empty()) {
        form.emplace_back("Tags.member.1.Key", "kubernetes-cluster");
        form.emplace_back("Tags.member.1.Value", parameters.tag_cluster);
        form.emplace_back("Tags.member.2.Key", "kubernetes-namespace");
        form.emplace_back("Tags.member.2.Value", parameters.tag_namespace);
    }
    ApiCall call;
    call.host = endpoints_of(spec).sts;
    call.scope = {spec.region, "sts"};
    call.content_type = form_type;
    call.body = encode_form(form);
    return call;
}

http::Request web_identity_request(tenancy::AmazonEcrSpec const& spec, AssumeRole const& parameters,
                                   SecretString const& token) {
    std::vector<std::pair<std::string, std::string>> form{
        {"Action", "AssumeRoleWithWebIdentity"},
        {"Version", std::string(sts_version)},
        {"RoleArn", parameters.role_arn},
        {"RoleSessionName", parameters.session_name},
        {"DurationSeconds", std::to_string(parameters.duration_seconds)},
        {"WebIdentityToken", std::string(token.reveal())}};
    if (!parameters.policy.empty()) {
        form.emplace_back("Policy", parameters.policy);
    }
    http::Request request;
    request.method = "POST";
    request.url = "https://" + endpoints_of(spec).sts + "/";
    request.headers.add("content-type", std::string(form_type));
    request.body = encode_form(form);
    return request;
}

ApiCall authorization_token_call(tenancy::AmazonEcrSpec const& spec) {
    ApiCall call;
    call.host = endpoints_of(spec).ecr;
    call.scope = {spec.region, "ecr"};
    call.content_type = "application/x-amz-json-1.1";
    call.target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    call.body = "{}";
    return call;
}

std::string session_name(std::string const& cluster, std::string const& ns) {
    return op::session_name(cluster, ns, {64, "_+=,.@-"});
}

}  // namespace rt::op::amazon
