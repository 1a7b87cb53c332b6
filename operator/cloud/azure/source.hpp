#pragma once

#include <memory>

#include "operator/cloud/token_source.hpp"

namespace rt::op::azure {

/// Credentials of Azure container registries: Entra ID's access token of the Registry's identity or
/// the tenancy's role -> /oauth2/exchange of the registry itself -> its refresh token, which is the
/// docker password for three hours. It stands for all that the identity may pull and can't be
/// narrowed, so the Registry must say allowUnnarrowed. Each exchange gives another token, so
/// namespaces never share one. With azureACR.scopeMapTokens: ScopeMapTokens instead.
[[nodiscard]] std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context);

}  // namespace rt::op::azure
