#pragma once

#include <memory>

#include "operator/cloud/token_source.hpp"

namespace rt::op::alibaba {

/// Credentials of Alibaba Cloud Container Registry, Enterprise edition: base identity (ECS instance
/// role or AccessKey) -> STS AssumeRole with ExternalId and an inline session policy compiled from
/// `allow` -> GetAuthorizationToken. The docker password has the session's rights and life.
/// Base keys are cached until ten minutes before they end and shared by all namespaces.
[[nodiscard]] std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context);

}  // namespace rt::op::alibaba
