#pragma once

#include <memory>

#include "operator/cloud/token_source.hpp"

namespace rt::op::google {

/// Credentials of Google Artifact Registry. Base identity (metadata server, or the operator's token
/// exchanged with a workload identity pool) -> generateAccessToken of the service account that the
/// tenancy names as role; or, with identity ServiceAccount, the namespace's own token exchanged,
/// and then either that or a service account impersonated with it. The docker password is the
/// access token, of read-only scope: Google can't narrow one to repositories, so what it may pull
/// is what the service account (or the federated principal) may.
[[nodiscard]] std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context);

}  // namespace rt::op::google
