#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/field_error.hpp"
#include "lib/tenancy/names.hpp"

namespace rt::tenancy {

enum class RegistryType { AlibabaACR, AmazonECR, DockerConfigSecret, Anonymous };
enum class KeyStyle { Path, Host };

/// Who the operator is before it assumes a role. `type` selects; nothing falls back.
struct Identity {
    enum class Type { InstanceRole, AccessKey, OIDC };
    Type type = Type::InstanceRole;
    std::string role_name{};    ///< InstanceRole: optional, else the one the metadata service lists
    std::string secret_name{};  ///< AccessKey: Secret in the operator's namespace
    std::string oidc_role{};    ///< OIDC: ARN of the role that trusts the operator's token
    bool operator==(Identity const&) const = default;
};

struct AlibabaAcrSpec {
    enum class Endpoints { Public, Vpc };
    std::string instance_id;   ///< cri-...
    std::string region;        ///< of the instance, e.g. cn-shanghai
    std::string account_id{};  ///< the instance's owner; empty: the account of the tenancy's role
    Endpoints endpoints = Endpoints::Public;
    Identity identity;
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
    std::optional<DockerConfigSecretSpec> docker_config_secret;
    std::vector<std::string>
        allowed_roles;  ///< patterns; '*' matches within one ARN part; empty = any
    std::string realm;  ///< token endpoint, where the type does not fix it
    KeyStyle key_style = KeyStyle::Path;
    bool allow_unnarrowed = false;

    /// Reads an object as stored. Everything wrong is reported, each with pointer, value and fix.
    /// It accepts exactly what the CustomResourceDefinition accepts.
    static Parsed<Registry> parse(Json const& object);
    /// spec as JSON; parse(serialise(x)) == x.
    [[nodiscard]] Json spec_json() const;
    [[nodiscard]] bool has_credentials() const { return type != RegistryType::Anonymous; }
    /// Whose roles the type assumes; nullopt: none.
    [[nodiscard]] std::optional<RoleArn::Cloud> role_cloud() const;
    /// Who the operator is at this Registry; nullptr: the type has no identities.
    [[nodiscard]] Identity const* identity() const;
    [[nodiscard]] bool role_allowed(std::string_view role) const;
};

[[nodiscard]] std::string_view name_of(RegistryType type);
[[nodiscard]] std::string_view name_of(Identity::Type type);

/// True where `pattern` matches all of `role`; '*' stands for any characters but ':' and '/'.
[[nodiscard]] bool role_matches(std::string_view pattern, std::string_view role);

}  // namespace rt::tenancy
