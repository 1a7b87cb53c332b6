#include "e2e/sim/common/world.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "e2e/sim/common/cloud_commands.hpp"
#include "e2e/sim/common/google_reader.hpp"
#include "e2e/sim/common/yaml_reader.hpp"

namespace sim {
namespace {

constexpr std::size_t file_bytes_at_most = 1 << 20;  // a world is some KB: more is a mistake

/// The documents of the file by name: JSON policies that roles and users refer to.
class Documents {
  public:
    explicit Documents(const YAML::Node& node) : node_(node) {
        if (node_ && !node_.IsMap()) {
            throw std::runtime_error("/documents: must be a mapping");
        }
    }

    template <typename Parsed>
    [[nodiscard]] Parsed get(YamlMapping const& owner, std::string const& key,
                             auto const&... how) const {
        std::string const name = owner.required_text(key);
        if (!node_ || !node_[name]) {
            throw std::runtime_error(owner.where(key) + ": there is no document \"" + name + "\"");
        }
        std::string problem;
        auto parsed = Parsed::parse(node_[name].template as<std::string>(), problem, how...);
        if (!parsed) {
            throw std::runtime_error("/documents/" + name + ": " + problem);
        }
        return *parsed;
    }

  private:
    YAML::Node node_;
};

Role read_role(const YAML::Node& node, std::string const& where, Documents const& documents) {
    YamlMapping const map(
        node, where, {"arn", "policy", "trust", "maxSessionSeconds", "sessionSecondsOverride"});
    Role role;
    role.arn = map.required_text("arn");
    role.policy = documents.get<Policy>(map, "policy", cloud_of(role.arn));
    if (cloud_of(role.arn) == Cloud::Amazon) {
        role.iam_trust = documents.get<IamTrust>(map, "trust");
    } else {
        role.trust = documents.get<TrustPolicy>(map, "trust");
    }
    role.max_session_seconds = map.number("maxSessionSeconds", 3600, 3600, 43200);
    role.session_seconds_override = map.number("sessionSecondsOverride", 0, 0, 43200);
    return role;
}

User read_user(const YAML::Node& node, std::string const& where, Documents const& documents) {
    YamlMapping const map(node, where,
                          {"arn", "policy", "accessKeyID", "accessKeySecret", "active",
                           "registryUsername", "registryPassword"});
    User user;
    user.arn = map.required_text("arn");
    user.policy = documents.get<Policy>(map, "policy", cloud_of(user.arn));
    user.access_key_id = map.text("accessKeyID", "");
    user.access_key_secret = map.text("accessKeySecret", "");
    user.active = map.boolean("active", true);
    user.registry_username = map.text("registryUsername", "");
    user.registry_password = map.text("registryPassword", "");
    return user;
}

/// Another policy of a role that exists: AttachRolePolicy, AttachPolicyToRole.
void attach(const YAML::Node& node, std::string const& where, Documents const& documents,
            std::vector<Role>& roles) {
    YamlMapping const map(node, where, {"arn", "policy"});
    std::string const arn = map.required_text("arn");
    auto const role =
        std::find_if(roles.begin(), roles.end(), [&](Role const& one) { return one.arn == arn; });
    if (role == roles.end()) {
        throw std::runtime_error(map.where("arn") + ": there is no role \"" + arn + "\" in /roles");
    }
    role->policy.attach(documents.get<Policy>(map, "policy", cloud_of(arn)));
}

Instance read_instance(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where,
                          {"id", "account", "region", "service", "publicNamespaces", "personal"});
    return {map.required_text("id"),       map.required_text("account"),
            map.required_text("region"),   map.required_text("service"),
            map.texts("publicNamespaces"), map.boolean("personal", false)};
}

Metadata read_metadata(YamlMapping const& file) {
    YamlMapping const map(file.node("metadata"), "/metadata",
                          {"account", "region", "role", "hardened", "credentialSeconds"});
    return {map.required_text("account"), map.required_text("region"), map.required_text("role"),
            map.boolean("hardened", false), map.number("credentialSeconds", 21600, 1, 86400)};
}

Ec2 read_ec2(YamlMapping const& file) {
    if (!file.has("ec2")) {
        return {};
    }
    YamlMapping const map(file.node("ec2"), "/ec2", {"region", "role", "credentialSeconds"});
    return {map.required_text("region"), map.required_text("role"),
            map.number("credentialSeconds", 21600, 1, 86400)};
}

Eks read_eks(YamlMapping const& file) {
    Eks eks;
    if (!file.has("eks")) {
        return eks;
    }
    YamlMapping const map(file.node("eks"), "/eks",
                          {"cluster", "credentialSeconds", "associations"});
    eks.cluster = map.required_text("cluster");
    eks.credential_seconds = map.number("credentialSeconds", 21600, 1, 86400);
    std::size_t index = 0;
    for (const YAML::Node& node : map.entries("associations")) {
        YamlMapping const one(node, "/eks/associations/" + std::to_string(index++),
                              {"serviceAccount", "role"});
        eks.associations.push_back(
            {one.required_text("serviceAccount"), one.required_text("role")});
    }
    return eks;
}

OidcProvider read_oidc_provider(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where, {"arn", "issuer", "clientIDs"});
    return {map.required_text("arn"), map.required_text("issuer"), map.texts("clientIDs")};
}

template <typename Items, typename Matches>
auto find(Items const& items, Matches matches) -> decltype(items.data()) {
    auto const at = std::find_if(items.begin(), items.end(), matches);
    return at == items.end() ? nullptr : &*at;
}

World read_world(const YAML::Node& root) {
    YamlMapping const file(root, "",
                           {"sealingKey", "tokenIssuer", "tokenSeconds", "metadata", "documents",
                            "roles", "users", "attachments", "commands", "instances", "ec2", "eks",
                            "oidcProviders", "google", "azure", "harbor"});
    Documents const documents(file.node("documents"));
    World world;
    world.sealing_key = file.required_text("sealingKey");
    if (world.sealing_key.size() < 16) {
        throw std::runtime_error("/sealingKey: must have at least 16 characters");
    }
    world.token_issuer = file.required_text("tokenIssuer");
    world.token_seconds = file.number("tokenSeconds", 300, 60, 86400);
    world.metadata = read_metadata(file);
    auto const each = [&file](std::string const& key, auto const& read) {
        std::size_t index = 0;
        for (const YAML::Node& entry : file.entries(key)) {
            read(entry, "/" + key + "/" + std::to_string(index++));
        }
    };
    each("roles", [&](const YAML::Node& node, std::string const& where) {
        world.roles.push_back(read_role(node, where, documents));
    });
    each("attachments", [&](const YAML::Node& node, std::string const& where) {
        attach(node, where, documents, world.roles);
    });
    each("users", [&](const YAML::Node& node, std::string const& where) {
        world.users.push_back(read_user(node, where, documents));
    });
    each("instances", [&](const YAML::Node& node, std::string const& where) {
        world.instances.push_back(read_instance(node, where));
    });
    world.ec2 = read_ec2(file);
    world.eks = read_eks(file);
    world.azure = read_azure_world(file);
    each("oidcProviders", [&](const YAML::Node& node, std::string const& where) {
        world.oidc_providers.push_back(read_oidc_provider(node, where));
    });
    if (file.has("google")) {
        world.google = read_google_world(file.node("google"));
    }
    if (file.has("harbor")) {
        world.harbor = read_harbor_world(file.node("harbor"));
    }
    for (std::string const& line : file.texts("commands")) {
        try {
            apply_command(line, world.google, world.azure);
        } catch (std::runtime_error const& error) {
            throw std::runtime_error(std::string("/commands: ") + error.what());
        }
    }
    auto const check_role = [&](std::string const& where, std::string const& arn) {
        if (world.find_role(arn) == nullptr) {
            throw std::runtime_error(where + ": there is no role \"" + arn + "\" in /roles");
        }
    };
    check_role("/metadata/role", world.metadata.role_arn);
    if (file.has("ec2")) {
        check_role("/ec2/role", world.ec2.role_arn);
    }
    for (PodIdentityAssociation const& one : world.eks.associations) {
        check_role("/eks/associations", one.role_arn);
    }
    return world;
}

}  // namespace

Role const* World::find_role(std::string_view arn) const {
    return find(roles, [&](Role const& role) { return role.arn == arn; });
}

User const* World::find_access_key(std::string_view access_key_id) const {
    if (access_key_id.empty()) {
        return nullptr;
    }
    return find(users, [&](User const& user) { return user.access_key_id == access_key_id; });
}

User const* World::find_registry_user(std::string_view username) const {
    if (username.empty()) {
        return nullptr;
    }
    return find(users, [&](User const& user) { return user.registry_username == username; });
}

Instance const* World::find_instance(std::string_view id) const {
    return find(instances,
                [&](Instance const& instance) { return !instance.personal && instance.id == id; });
}

Instance const* World::find_personal(std::string_view account) const {
    return find(instances, [&](Instance const& instance) {
        return instance.personal && instance.account == account;
    });
}

Instance const* World::find_service(std::string_view service) const {
    return find(instances, [&](Instance const& instance) { return instance.service == service; });
}

OidcProvider const* World::find_oidc_provider(std::string_view issuer,
                                              std::string_view account) const {
    return find(oidc_providers, [&](OidcProvider const& provider) {
        return provider.issuer == issuer && cloud_of(provider.arn) == Cloud::Amazon &&
               account_of(provider.arn) == account;
    });
}

OidcProvider const* World::find_oidc_provider_arn(std::string_view arn) const {
    return find(oidc_providers, [&](OidcProvider const& provider) { return provider.arn == arn; });
}

World parse_world(std::string const& yaml) {
    return read_world(YAML::Load(yaml));
}

std::string read_file(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error(path + ": cannot be read");
    }
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (text.size() > file_bytes_at_most) {
        throw std::runtime_error(path + ": is over 1 MiB");
    }
    return text;
}

WorldFile::WorldFile(std::string path) : path_(std::move(path)) {
    current();
}

std::shared_ptr<World const> WorldFile::current() {
    std::string const text = read_file(path_);
    std::lock_guard const lock(mutex_);
    if (!world_ || text != text_) {
        try {
            world_ = std::make_shared<World const>(parse_world(text));
        } catch (std::exception const& error) {
            throw std::runtime_error(path_ + ": " + error.what());
        }
        text_ = text;
    }
    return world_;
}

}  // namespace sim
