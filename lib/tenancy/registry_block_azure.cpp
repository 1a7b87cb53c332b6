#include <array>
#include <nlohmann/json.hpp>

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

}  // namespace

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
    reader.refuse_unknown();
    return spec;
}

Json azure_acr_json(AzureAcrSpec const& spec) {
    return {{"tenantID", spec.tenant_id},
            {"cloud", cloud_names[static_cast<std::size_t>(spec.cloud)]},
            {"identity", identity_json(spec.identity)}};
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
