#pragma once

#include <string>

#include "lib/http/message.hpp"
#include "lib/tenancy/registry.hpp"
#include "operator/cloud/alibaba/signing.hpp"

namespace rt::op::alibaba {

/// Hosts of the two APIs as seen from where the operator runs.
struct Endpoints {
    std::string sts;  ///< sts.REGION.aliyuncs.com or sts-vpc.REGION.aliyuncs.com
    std::string acr;  ///< cr.REGION.aliyuncs.com or cr-vpc.REGION.aliyuncs.com
};
[[nodiscard]] Endpoints endpoints_of(tenancy::AlibabaAcrSpec const& spec);

/// PUT /latest/api/token of the ECS metadata service (hardened mode asks for it).
[[nodiscard]] http::Request metadata_token_request();
/// GET of the instance role's name; `token` may be empty in normal mode.
[[nodiscard]] http::Request metadata_role_request(SecretString const& token);
/// GET of the role's credentials.
[[nodiscard]] http::Request metadata_credentials_request(std::string const& role,
                                                         SecretString const& token);

struct AssumeRole {
    std::string role_arn;
    std::string session_name;
    std::string external_id{};  ///< empty: not sent
    std::string policy{};       ///< session policy; empty: not narrowed
    int duration_seconds = 3600;
};
/// STS 2015-04-01 AssumeRole, parameters in the form body.
[[nodiscard]] ApiCall assume_role_call(std::string const& sts_host, AssumeRole const& parameters);

/// The audience that RAM expects of a ServiceAccount's token (RRSA).
inline constexpr char token_audience[] = "sts.aliyuncs.com";
/// STS 2015-04-01 AssumeRoleWithOIDC: unsigned, `token` is the proof, `provider` the ARN of the
/// OIDC provider that stands for the cluster. It takes no external ID.
[[nodiscard]] http::Request web_identity_request(std::string const& sts_host,
                                                 AssumeRole const& parameters,
                                                 std::string const& provider,
                                                 SecretString const& token, WallTime now,
                                                 std::string const& nonce);

/// ACR Personal 2016-06-07: the token of a region's registry.
[[nodiscard]] ApiCall personal_token_call(std::string const& acr_host);

/// ACR Enterprise 2018-12-01 GetAuthorizationToken.
[[nodiscard]] ApiCall authorization_token_call(std::string const& acr_host,
                                               std::string const& instance_id);

/// RoleSessionName for the cloud's audit trail: "CLUSTER.NAMESPACE" where it fits 32 characters of
/// [a-zA-Z0-9.@_-] (older STS limits), else the namespace's beginning and a hash of both.
[[nodiscard]] std::string session_name(std::string const& cluster, std::string const& ns);

}  // namespace rt::op::alibaba
