#pragma once

#include <stop_token>
#include <string>

#include "operator/cloud/token_source.hpp"

namespace rt::op::azure {

/// Entra ID's access token for container registries, as whom Registry and tenancy say:
/// - InstanceRole: a managed identity of the node (the role, else the identity's clientID, else the
///   system-assigned one);
/// - OIDC: the role, else the identity's clientID, proven by the operator's own token;
/// - ServiceAccount: the role, proven by the token of the namespace's ServiceAccount;
/// - AccessKey: clientID and clientSecret of the Secret that it names.
/// Never another one. It is asked for anew each time: Entra ID's limits are far above what
/// refreshing each namespace every 90 minutes needs, and trust that was withdrawn ends at once.
[[nodiscard]] Result<SecretString> access_token(CredentialSourceContext const& context,
                                                MintRequest const& request,
                                                std::stop_token const& stop);

/// The same for Azure Resource Manager, as the Registry's own identity alone: no tenancy's role.
[[nodiscard]] Result<SecretString> management_token(CredentialSourceContext const& context,
                                                    tenancy::AzureAcrSpec const& spec,
                                                    std::stop_token const& stop);

}  // namespace rt::op::azure
