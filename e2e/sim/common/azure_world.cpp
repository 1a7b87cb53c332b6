#include "e2e/sim/common/azure_world.hpp"

#include <algorithm>
#include <stdexcept>

namespace sim {
namespace {

constexpr char const* usual_audience = "api://AzureADTokenExchange";

template <typename Read>
void each(YamlMapping const& map, std::string const& key, Read const& read) {
    std::size_t index = 0;
    for (const YAML::Node& entry : map.entries(key)) {
        read(entry, map.where(key) + "/" + std::to_string(index++));
    }
}

AzurePrincipal read_principal(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where,
                          {"clientID", "tenant", "clientSecret", "secretExpired", "federated"});
    AzurePrincipal principal;
    principal.client_id = map.required_text("clientID");
    principal.tenant = map.required_text("tenant");
    principal.client_secret = map.text("clientSecret", "");
    principal.secret_expired = map.boolean("secretExpired", false);
    each(map, "federated", [&](const YAML::Node& entry, std::string const& place) {
        YamlMapping const trust(entry, place, {"issuer", "subject", "audience"});
        principal.federated.push_back({trust.required_text("issuer"),
                                       trust.required_text("subject"),
                                       trust.text("audience", usual_audience)});
    });
    return principal;
}

AzureRegistry read_registry(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where,
                          {"host", "tenant", "armTokens", "anonymousPull", "pull", "roles"});
    AzureRegistry registry{map.required_text("host"),
                           map.required_text("tenant"),
                           map.boolean("armTokens", true),
                           map.boolean("anonymousPull", false),
                           {}};
    each(map, "pull", [&](const YAML::Node& entry, std::string const& place) {
        YamlMapping const pull(entry, place, {"clientID", "repositories"});
        registry.pull.push_back({pull.required_text("clientID"), pull.texts("repositories")});
    });
    each(map, "roles", [&](const YAML::Node& entry, std::string const& place) {
        YamlMapping const role(entry, place, {"clientID", "actions"});
        registry.roles.push_back({role.required_text("clientID"), role.texts("actions")});
    });
    return registry;
}

void check_principal(AzureWorld const& azure, std::string const& where,
                     std::string const& client_id) {
    if (azure.find_principal(client_id) == nullptr) {
        throw std::runtime_error(where + ": there is no principal \"" + client_id +
                                 "\" in /azure/principals");
    }
}

template <typename Items, typename Matches>
auto find(Items const& items, Matches matches) -> decltype(items.data()) {
    auto const at = std::find_if(items.begin(), items.end(), matches);
    return at == items.end() ? nullptr : &*at;
}

}  // namespace

bool AzureRegistry::manages(std::string_view client_id, std::string_view action) const {
    return std::any_of(roles.begin(), roles.end(), [&](AzureRole const& role) {
        return role.client_id == client_id &&
               std::find(role.actions.begin(), role.actions.end(), action) != role.actions.end();
    });
}

std::string azure_resource_id(AzureRegistry const& registry) {
    return "/subscriptions/5b000000-0000-4000-8000-000000000001/resourceGroups/registries/"
           "providers/Microsoft.ContainerRegistry/registries/" +
           registry.host.substr(0, registry.host.find('.'));
}

AzurePrincipal const* AzureWorld::find_principal(std::string_view client_id) const {
    return find(principals,
                [&](AzurePrincipal const& principal) { return principal.client_id == client_id; });
}

AzureRegistry const* AzureWorld::find_registry(std::string_view host) const {
    return find(registries, [&](AzureRegistry const& registry) { return registry.host == host; });
}

AzureRegistry const* AzureWorld::find_resource(std::string_view id) const {
    return find(registries,
                [&](AzureRegistry const& registry) { return azure_resource_id(registry) == id; });
}

bool AzureWorld::has_tenant(std::string const& tenant, std::string_view login_host) const {
    auto const national = national_tenants.find(tenant);
    bool const of_this_cloud =
        national != national_tenants.end()
            ? national->second == login_host
            : std::none_of(national_tenants.begin(), national_tenants.end(),
                           [&](auto const& each) { return each.second == login_host; });
    return of_this_cloud && find(principals, [&](AzurePrincipal const& principal) {
                                return principal.tenant == tenant;
                            }) != nullptr;
}

AzureWorld read_azure_world(YamlMapping const& file) {
    AzureWorld azure;
    if (!file.has("azure")) {
        return azure;
    }
    YamlMapping const map(file.node("azure"), "/azure",
                          {"tokenSeconds", "refreshSeconds", "systemAssigned", "userAssigned",
                           "principals", "registries", "nationalTenants"});
    azure.token_seconds = map.number("tokenSeconds", azure.token_seconds, 1, 86400);
    azure.refresh_seconds = map.number("refreshSeconds", azure.refresh_seconds, 1, 86400);
    azure.system_assigned = map.text("systemAssigned", "");
    azure.user_assigned = map.texts("userAssigned");
    each(map, "principals", [&](const YAML::Node& node, std::string const& where) {
        azure.principals.push_back(read_principal(node, where));
    });
    each(map, "registries", [&](const YAML::Node& node, std::string const& where) {
        azure.registries.push_back(read_registry(node, where));
        for (AzurePull const& pull : azure.registries.back().pull) {
            check_principal(azure, where + "/pull", pull.client_id);
        }
        for (AzureRole const& role : azure.registries.back().roles) {
            check_principal(azure, where + "/roles", role.client_id);
        }
    });
    each(map, "nationalTenants", [&](const YAML::Node& node, std::string const& where) {
        YamlMapping const national(node, where, {"tenant", "login"});
        azure.national_tenants[national.required_text("tenant")] = national.required_text("login");
    });
    if (!azure.system_assigned.empty()) {
        check_principal(azure, "/azure/systemAssigned", azure.system_assigned);
    }
    for (std::string const& client_id : azure.user_assigned) {
        check_principal(azure, "/azure/userAssigned", client_id);
    }
    return azure;
}

}  // namespace sim
