#pragma once

#include <string>

#include "lib/base/result.hpp"
#include "lib/http/message.hpp"
#include "lib/tenancy/registry.hpp"
#include "operator/cloud/amazon/signing.hpp"

namespace rt::op::amazon {

/// Hosts of the two regional APIs.
struct Endpoints {
    std::string sts;  ///< sts.REGION.amazonaws.com[.cn]
    std::string ecr;  ///< api.ecr.REGION.amazonaws.com[.cn]
};
[[nodiscard]] Endpoints endpoints_of(tenancy::AmazonEcrSpec const& spec);

/// PUT /latest/api/token of the EC2 instance metadata service, version 2. There is no way around
/// it: version 1 answers whoever can make a server fetch a URL.
[[nodiscard]] http::Request metadata_token_request();
/// GET of the instance role's name.
[[nodiscard]] http::Request metadata_role_request(SecretString const& token);
/// GET of the role's credentials.
[[nodiscard]] http::Request metadata_credentials_request(std::string const& role,
                                                         SecretString const& token);

/// GET of the credentials that the EKS Pod Identity agent has for a token. InvalidArgument where
/// `url` leads elsewhere than AWS' SDKs let it: in plain HTTP to the agent's two addresses and to
/// this Pod alone, else by HTTPS; and where the token would break out of its header.
[[nodiscard]] Result<http::Request> pod_identity_request(std::string const& url,
                                                         SecretString const& token);

struct AssumeRole {
    std::string role_arn;
    std::string session_name;
    std::string external_id{};  ///< empty: not sent
    std::string policy{};       ///< session policy; empty: not narrowed
    int duration_seconds = 3600;
    /// Session tags, sent where the cluster is not empty.
    std::string tag_cluster{};
    std::string tag_namespace{};
};
/// STS 2011-06-15 AssumeRole at the regional endpoint.
[[nodiscard]] ApiCall assume_role_call(tenancy::AmazonEcrSpec const& spec,
                                       AssumeRole const& parameters);

/// The audience that roles' trust policies expect of a ServiceAccount's token.
inline constexpr char token_audience[] = "sts.amazonaws.com";
/// STS 2011-06-15 AssumeRoleWithWebIdentity: unsigned, `token` is the proof. External ID and tags
/// are no parameters of it.
[[nodiscard]] http::Request web_identity_request(tenancy::AmazonEcrSpec const& spec,
                                                 AssumeRole const& parameters,
                                                 SecretString const& token);

/// ECR 2015-09-21 GetAuthorizationToken. It names no registry: the token is for all that its
/// principal may pull in the region.
[[nodiscard]] ApiCall authorization_token_call(tenancy::AmazonEcrSpec const& spec);

/// RoleSessionName: 64 characters of [A-Za-z0-9_+=,.@-].
[[nodiscard]] std::string session_name(std::string const& cluster, std::string const& ns);

}  // namespace rt::op::amazon
