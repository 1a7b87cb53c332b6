#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/yaml_reader.hpp"

namespace sim {

/// A federated identity credential: whose assertions stand for an application.
struct FederatedCredential {
    std::string issuer;
    std::string subject;
    std::string audience;
};

/// An application or a user-assigned managed identity of a tenant.
struct AzurePrincipal {
    std::string client_id;
    std::string tenant;
    std::string client_secret;  ///< empty: none
    bool secret_expired = false;
    std::vector<FederatedCredential> federated;
};

/// Whom a registry lets pull: AcrPull (no repositories), or Container Registry Repository Reader
/// with a condition on repository names ('*' and '?' as wildcards).
struct AzurePull {
    std::string client_id;
    std::vector<std::string> repositories;
};

/// A role on a registry at Resource Manager: which actions somebody may do there.
struct AzureRole {
    std::string client_id;
    std::vector<std::string> actions;
};

struct AzureRegistry {
    std::string host;
    std::string tenant;
    bool arm_tokens = true;       ///< takes tokens for Azure Resource Manager, too
    bool anonymous_pull = false;  ///< lets everybody pull everything in it
    std::vector<AzurePull> pull;
    std::vector<AzureRole> roles{};
    [[nodiscard]] bool manages(std::string_view client_id, std::string_view action) const;
};
/// Every registry is in one subscription and resource group, under its host's first label.
std::string azure_resource_id(AzureRegistry const& registry);

/// What exists at Azure.
struct AzureWorld {
    long token_seconds = 86399;              ///< life of Entra ID's access tokens
    long refresh_seconds = 10800;            ///< of a registry's refresh tokens
    std::string system_assigned;             ///< client ID of the node's own identity; empty: none
    std::vector<std::string> user_assigned;  ///< client IDs of the identities attached to the node
    std::vector<AzurePrincipal> principals;
    std::vector<AzureRegistry> registries;
    /// Tenants of national clouds, and the login host that alone knows each.
    std::map<std::string, std::string> national_tenants;
    /// Custom roles: their names, and what they may.
    std::map<std::string, std::vector<std::string>> role_definitions;

    [[nodiscard]] AzurePrincipal const* find_principal(std::string_view client_id) const;
    [[nodiscard]] AzureRegistry const* find_registry(std::string_view host) const;
    [[nodiscard]] AzureRegistry const* find_resource(std::string_view id) const;
    /// Whether the cloud behind this login host knows the tenant.
    [[nodiscard]] bool has_tenant(std::string const& tenant, std::string_view login_host) const;
};

/// The key `azure` of the world file; throws std::runtime_error naming the key that is wrong.
AzureWorld read_azure_world(YamlMapping const& file);

}  // namespace sim
