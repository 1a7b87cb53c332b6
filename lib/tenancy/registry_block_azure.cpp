#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/registry_block_parts.hpp"
#include "lib/tenancy/registry_blocks.hpp"

namespace rt::tenancy {
namespace {

/// In the order of AzureAcrSpec::Cloud.
constexpr std::array<std::string_view, 3> cloud_names{"Public", "China", "USGovernment"};
constexpr std::array<std::string_view, 3> suffixes{".azurecr.io", ".azurecr.cn", ".azurecr.us"};

void read_client_id(FieldReader& block, Identity& identity) {
    identity.client_id = read_guid(block, "clientID", "client ID");
}

void read_oidc(FieldReader& block, Identity& identity) {
    block.required("clientID",
                   "write the client ID of the application or managed identity that trusts the "
                   "operator's token");
    read_client_id(block, identity);
}

/// With ServiceAccount the tenancy's role says everything.
constexpr std::array identities{
    IdentityBlock{Identity::Type::InstanceRole, &read_client_id, false},
    IdentityBlock{Identity::Type::OIDC, &read_oidc},
    IdentityBlock{Identity::Type::ServiceAccount, nullptr},
    IdentityBlock{Identity::Type::AccessKey, &read_access_key},
};

bool is_letter_or_digit(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

bool is_resource_group(std::string_view text) {
    return !text.empty() && text.size() <= 90 && text.back() != '.' &&
           std::all_of(text.begin(), text.end(), [](char character) {
               return is_letter_or_digit(character) ||
                      std::string_view("-_.()").find(character) != std::string_view::npos;
           });
}

bool is_registry_name(std::string_view text) {
    return text.size() >= 5 && text.size() <= 50 &&
           std::all_of(text.begin(), text.end(), is_letter_or_digit);
}

std::optional<AzureResource> read_scope_map_tokens(FieldReader& parent, Identity const& identity,
                                                   FieldErrors& errors) {
    constexpr std::size_t id_characters_max = 300;
    Json const* const value = parent.member("scopeMapTokens");
    if (value == nullptr) {
        return std::nullopt;
    }
    if (identity.type == Identity::Type::ServiceAccount) {
        parent.report("scopeMapTokens",
                      "must not be set with identity ServiceAccount, because the operator itself "
                      "makes the tokens: choose another identity, or remove scopeMapTokens");
    }
    FieldReader block(value, parent.pointer_to("scopeMapTokens"), errors);
    std::string const id = block.required_text(
        "resourceID", id_characters_max, "write what az acr show --name NAME --query id prints");
    auto resource = AzureResource::parse(id);
    if (!id.empty() && !resource) {
        block.report("resourceID",
                     in_quotes(id) +
                         " is no resource ID of a container registry: write what az acr show "
                         "--name NAME --query id prints, /subscriptions/GUID/resourceGroups/GROUP/"
                         "providers/Microsoft.ContainerRegistry/registries/NAME");
    }
    block.refuse_unknown();
    return resource;
}

}  // namespace

std::string AzureResource::id() const {
    return "/subscriptions/" + subscription_id + "/resourceGroups/" + resource_group +
           "/providers/Microsoft.ContainerRegistry/registries/" + registry;
}

std::optional<AzureResource> AzureResource::parse(std::string_view id) {
    auto const parts = split(id, '/');
    if (parts.size() != 9 || !is_guid(parts[2]) || !is_resource_group(parts[4]) ||
        !is_registry_name(parts[8])) {
        return std::nullopt;
    }
    AzureResource resource{std::string(parts[2]), std::string(parts[4]), std::string(parts[8])};
    return resource.id() == id ? std::optional(std::move(resource)) : std::nullopt;
}

std::string_view host_suffix(AzureAcrSpec::Cloud cloud) {
    return suffixes[static_cast<std::size_t>(cloud)];
}

AzureAcrSpec read_azure_acr(Json const* value, std::string const& pointer, FieldErrors& errors) {
    AzureAcrSpec spec;
    FieldReader reader(value, pointer, errors);
    reader.required("tenantID", "write the directory that the registry trusts");
    spec.tenant_id = read_guid(reader, "tenantID", "tenant ID");
    spec.cloud = static_cast<AzureAcrSpec::Cloud>(reader.choice("cloud", cloud_names, 0));
    spec.identity = read_identity(reader, identities, errors);
    spec.scope_map_tokens = read_scope_map_tokens(reader, spec.identity, errors);
    reader.refuse_unknown();
    return spec;
}

Json azure_acr_json(AzureAcrSpec const& spec) {
    Json json = {{"tenantID", spec.tenant_id},
                 {"cloud", cloud_names[static_cast<std::size_t>(spec.cloud)]},
                 {"identity", identity_json(spec.identity)}};
    if (spec.scope_map_tokens) {
        json["scopeMapTokens"]["resourceID"] = spec.scope_map_tokens->id();
    }
    return json;
}

bool may_be_host_of(AzureAcrSpec const& spec, std::string_view host, bool has_realm) {
    if (host.ends_with(host_suffix(spec.cloud))) {
        return true;
    }
    for (std::string_view const suffix : suffixes) {
        if (host.ends_with(suffix)) {
            return false;
        }
    }
    return has_realm;
}

}  // namespace rt::tenancy
