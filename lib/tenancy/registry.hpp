#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/field_error.hpp"
#include "lib/tenancy/names.hpp"

namespace rt::tenancy {

enum class RegistryType {
    AlibabaACR,
    AmazonECR,
    GoogleArtifactRegistry,
    AzureACR,
    Harbor,
    DockerConfigSecret,
    Anonymous
};
enum class KeyStyle { Path, Host };

/// Who the operator is before it becomes what a tenancy names. `type` selects; nothing falls back.
/// Which of the members a type has depends on the cloud; the others are empty.
struct Identity {
    enum class Type {
        InstanceRole,    ///< the cloud's metadata service
        AccessKey,       ///< a Secret in the operator's namespace
        OIDC,            ///< the operator's own ServiceAccount token
        ServiceAccount,  ///< the token of the governed namespace's ServiceAccount, one hop
    };
    Type type = Type::InstanceRole;
    std::string role_name{};        ///< InstanceRole (Alibaba Cloud, AWS): optional, else as listed
    std::string secret_name{};      ///< AccessKey
    std::string oidc_role{};        ///< OIDC (Alibaba Cloud, AWS): ARN of the role that trusts it
    std::string provider{};         ///< OIDC, ServiceAccount (Alibaba Cloud): ARN of the provider
    std::string audience{};         ///< OIDC, ServiceAccount (Google): //iam.googleapis.com/...
    std::string service_account{};  ///< InstanceRole (Google): email; empty: "default"
    std::string client_id{};        ///< InstanceRole (Azure; may be empty), OIDC (Azure)
    bool operator==(Identity const&) const = default;
};

struct AlibabaAcrSpec {
    enum class Endpoints { Public, Vpc };
    enum class Edition { Enterprise, Personal };
    std::string instance_id;   ///< cri-...; empty: edition Personal
    std::string region;        ///< of the instance, e.g. cn-shanghai
    std::string account_id{};  ///< the instance's owner; empty: the account of the tenancy's role
    Endpoints endpoints = Endpoints::Public;
    Identity identity;
    Edition edition = Edition::Enterprise;
    bool operator==(AlibabaAcrSpec const&) const = default;
};

struct AmazonEcrSpec {
    std::string registry_id;    ///< the account that owns the registry, 12 digits
    std::string region;         ///< e.g. eu-central-1; endpoints follow from it
    bool session_tags = false;  ///< tag sessions with cluster and namespace
    Identity identity;
    /// aws, aws-cn or aws-us-gov, as the region says. Roles and resources are of the same one.
    [[nodiscard]] std::string_view partition() const;
    bool operator==(AmazonEcrSpec const&) const = default;
};

struct GoogleArtifactRegistrySpec {
    std::string location;  ///< e.g. europe-west3, or europe
    Identity identity;
    bool operator==(GoogleArtifactRegistrySpec const&) const = default;
};

/// Where a registry is in Azure Resource Manager.
struct AzureResource {
    std::string subscription_id;  ///< GUID
    std::string resource_group;
    std::string registry;  ///< its name, which may be less than the first label of its host
    /// The whole resource ID: /subscriptions/...
    [[nodiscard]] std::string id() const;
    /// nullopt: no ID of a container registry, as `az acr show --query id` writes it.
    [[nodiscard]] static std::optional<AzureResource> parse(std::string_view id);
    bool operator==(AzureResource const&) const = default;
};

struct AzureAcrSpec {
    enum class Cloud { Public, China, UsGovernment };
    std::string tenant_id;  ///< GUID of the directory
    Cloud cloud = Cloud::Public;
    Identity identity;
    /// Of which registry the operator makes a token and a scope map for each namespace; nullopt:
    /// the credential is the identity's own and can't be narrowed.
    std::optional<AzureResource> scope_map_tokens{};
    bool operator==(AzureAcrSpec const&) const = default;
};

struct HarborSpec {
    std::string url;    ///< https://HOST[:PORT]; the API is below it
    Identity identity;  ///< AccessKey
    bool operator==(HarborSpec const&) const = default;
};

struct DockerConfigSecretSpec {
    std::string secret_name;  ///< in the operator's namespace
    bool operator==(DockerConfigSecretSpec const&) const = default;
};

/// Registry (crds/registries): what this cluster knows about one registry.
struct Registry {
    kube::ObjectMeta meta;
    std::vector<RegistryHost> hosts;
    RegistryType type = RegistryType::Anonymous;
    std::optional<AlibabaAcrSpec> alibaba_acr;
    std::optional<AmazonEcrSpec> amazon_ecr;
    std::optional<GoogleArtifactRegistrySpec> google_artifact_registry;
    std::optional<AzureAcrSpec> azure_acr;
    std::optional<HarborSpec> harbor;
    std::optional<DockerConfigSecretSpec> docker_config_secret;
    std::vector<std::string> allowed_roles;  ///< patterns; '*' spans no ':' and '/'; empty = any
    std::string realm;                       ///< token endpoint, where the type does not fix it
    KeyStyle key_style = KeyStyle::Path;
    bool allow_unnarrowed = false;

    /// Reads an object as stored. Everything wrong is reported, each with pointer, value and fix.
    /// It accepts exactly what the CustomResourceDefinition accepts.
    static Parsed<Registry> parse(Json const& object);
    /// spec as JSON; parse(serialise(x)) == x.
    [[nodiscard]] Json spec_json() const;
    [[nodiscard]] bool has_credentials() const { return type != RegistryType::Anonymous; }
    /// Whose roles the type knows; nullopt: none.
    [[nodiscard]] std::optional<Role::Cloud> role_cloud() const;
    /// Whether a tenancy names a role here, as type and identity want it.
    enum class RoleUse { None, Optional, Required };
    [[nodiscard]] RoleUse role_use() const;
    /// Whether an external ID is sent when the role is assumed.
    [[nodiscard]] bool takes_external_id() const;
    /// Who the operator is at this Registry; nullptr: the type has no identities.
    [[nodiscard]] Identity const* identity() const;
    [[nodiscard]] bool role_allowed(std::string_view role) const;
};

[[nodiscard]] std::string_view name_of(RegistryType type);
[[nodiscard]] std::string_view name_of(Identity::Type type);

/// True where `pattern` matches all of `role`; '*' stands for any characters but ':' and '/'.
[[nodiscard]] bool role_matches(std::string_view pattern, std::string_view role);

}  // namespace rt::tenancy
