#pragma once

#include <string>

#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"
#include "lib/tenancy/registry.hpp"

namespace rt::op::azure {

/// Host of the cloud's Entra ID: login.microsoftonline.com, login.partner.microsoftonline.cn or
/// login.microsoftonline.us.
[[nodiscard]] std::string_view authority_of(tenancy::AzureAcrSpec::Cloud cloud);

/// Host of the cloud's Azure Resource Manager: management.azure.com, management.chinacloudapi.cn or
/// management.usgovcloudapi.net.
[[nodiscard]] std::string_view management_host(tenancy::AzureAcrSpec::Cloud cloud);

/// What tokens are for: the registries' own audience, the same in all clouds. Unlike Azure Resource
/// Manager's (https://HOST) it opens nothing else, and registries that refuse the latter take it.
inline constexpr std::string_view registries_resource = "https://containerregistry.azure.net";

/// GET of a token from the instance metadata service. `client_id` names a user-assigned managed
/// identity; empty: the system-assigned one, or the only one that there is.
[[nodiscard]] http::Request managed_identity_request(std::string const& client_id,
                                                     std::string_view resource);

/// POST to Entra ID (OAuth 2.0 client credentials, v2.0 endpoint) as `client_id`, proven by a
/// token that one of its federated credentials trusts (RFC 7523).
[[nodiscard]] http::Request assertion_request(tenancy::AzureAcrSpec const& spec,
                                              std::string const& client_id,
                                              SecretString const& assertion,
                                              std::string_view resource);
/// The same, proven by a client secret.
[[nodiscard]] http::Request secret_request(tenancy::AzureAcrSpec const& spec,
                                           std::string const& client_id, SecretString const& secret,
                                           std::string_view resource);

/// POST HOST/oauth2/exchange: Entra ID's token for the registry's refresh token (Azure/acr,
/// docs/AAD-OAuth.md).
[[nodiscard]] http::Request exchange_request(std::string const& host, std::string const& tenant_id,
                                             SecretString const& access_token);

}  // namespace rt::op::azure
