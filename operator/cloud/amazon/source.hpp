#pragma once

#include <memory>

#include "operator/cloud/amazon/identity.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::amazon {

/// Credentials of private registries of Amazon ECR: base identity (EC2 instance role, web identity,
/// EKS Pod Identity or AccessKey) -> STS AssumeRole with ExternalId and an inline session policy
/// compiled from `allow` -> GetAuthorizationToken. The docker password stands for the session's
/// principal, so ECR judges every pull by role and session policy; it lives as long as ECR says (12
/// hours), also after the session. Base keys are cached and shared by all namespaces.
[[nodiscard]] std::unique_ptr<CredentialSource> make_source(
    CredentialSourceContext context, PodIdentity pod_identity = pod_identity_of_environment());

}  // namespace rt::op::amazon
