#pragma once

#include <memory>

#include "operator/cloud/token_source.hpp"

namespace rt::op::alibaba {

/// Credentials of Alibaba Cloud Container Registry, Enterprise and Personal edition: base identity
/// (ECS instance role, RRSA or AccessKey) -> STS AssumeRole with ExternalId and an inline session
/// policy compiled from `allow` -> GetAuthorizationToken. With identity ServiceAccount the
/// namespace's token is traded for the tenancy's role at once (AssumeRoleWithOIDC), narrowed alike.
/// The docker password has the session's rights and life. Base keys are cached until ten minutes
/// before they end and shared by all namespaces.
[[nodiscard]] std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context);

}  // namespace rt::op::alibaba
