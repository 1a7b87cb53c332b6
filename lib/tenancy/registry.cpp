#include "lib/tenancy/registry.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry_block_parts.hpp"
#include "lib/tenancy/registry_blocks.hpp"

namespace rt::tenancy {
namespace {

/// In the order of RegistryType.
constexpr std::array<std::string_view, 7> type_names{
    "AlibabaACR",         "AmazonECR", "GoogleArtifactRegistry", "AzureACR", "Harbor",
    "DockerConfigSecret", "Anonymous"};
/// The block of each type, in the same order.
constexpr std::array<std::string_view, 7> block_names{
    "alibabaACR",         "amazonECR", "googleArtifactRegistry", "azureACR", "harbor",
    "dockerConfigSecret", "anonymous"};
constexpr std::array<std::string_view, 2> key_style_names{"Path", "Host"};

constexpr std::size_t url_characters_max = 2048;

bool is_printable_without_spaces(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char character) { return character >= '!' && character <= '~'; });
}

std::vector<RegistryHost> read_hosts(FieldReader& reader, FieldErrors& errors) {
    std::vector<RegistryHost> hosts;
    Json const* const list = reader.required("hosts", "name at least one host of the registry");
    auto const texts = reader.set_of_text("hosts", 32, 261);
    if (list != nullptr && list->is_array() && list->empty()) {
        reader.report("hosts", "is empty: name at least one host of the registry");
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) {
            continue;  // reported by the reader
        }
        if (auto host = RegistryHost::parse(texts[i])) {
            hosts.push_back(*std::move(host));
        } else {
            errors.push_back({json_pointer(reader.pointer_to("hosts"), i), host.error().message});
        }
    }
    return hosts;
}

std::vector<std::string> read_allowed_roles(FieldReader& reader, FieldErrors& errors) {
    Json const* const list = reader.member("allowedRoles");
    auto patterns = reader.set_of_text("allowedRoles", 64, 256);
    if (list != nullptr && list->is_array() && list->empty()) {
        reader.report("allowedRoles",
                      "is empty: name at least one role, or remove the field to "
                      "allow any");
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        if (!is_printable_without_spaces(patterns[i])) {
            errors.push_back({json_pointer(reader.pointer_to("allowedRoles"), i),
                              in_quotes(patterns[i]) + " is no role pattern: write a role without "
                                                       "spaces"});
        }
    }
    return patterns;
}

/// Only where the block itself is right: what does not fit is then the host.
void check_hosts(Registry const& registry, FieldReader& spec) {
    bool const has_realm = spec.member("realm") != nullptr;
    for (auto const& host : registry.hosts) {
        std::string problem;
        if (registry.alibaba_acr && !may_be_host_of(*registry.alibaba_acr, host.str())) {
            problem = " is of another region than alibabaACR says";
        } else if (registry.amazon_ecr && !may_be_host_of(*registry.amazon_ecr, host.str())) {
            problem = " is the registry of another account or region than amazonECR says";
        } else if (registry.google_artifact_registry &&
                   !may_be_host_of(*registry.google_artifact_registry, host.str())) {
            problem = " is of another location than googleArtifactRegistry says";
        } else if (registry.azure_acr &&
                   !may_be_host_of(*registry.azure_acr, host.str(), has_realm)) {
            problem = " is no registry of the cloud that azureACR says (NAME" +
                      std::string(host_suffix(registry.azure_acr->cloud)) +
                      "; a name of your own needs realm, too)";
        }
        if (!problem.empty()) {
            spec.report("hosts", in_quotes(host.str()) + problem +
                                     ": correct one of them, or make it a Registry of its own");
        }
    }
}

void read_blocks(Registry& registry, FieldReader& spec, FieldErrors& errors) {
    auto const read = [&](RegistryType owner, auto& member, auto* reader) {
        std::string_view const key = block_names[static_cast<std::size_t>(owner)];
        if (Json const* const block = spec.member(key)) {
            member = reader(block, spec.pointer_to(key), errors);
        }
    };
    read(RegistryType::AlibabaACR, registry.alibaba_acr, &read_alibaba_acr);
    read(RegistryType::AmazonECR, registry.amazon_ecr, &read_amazon_ecr);
    read(RegistryType::GoogleArtifactRegistry, registry.google_artifact_registry,
         &read_google_artifact_registry);
    read(RegistryType::AzureACR, registry.azure_acr, &read_azure_acr);
    read(RegistryType::Harbor, registry.harbor, &read_harbor);
    read(RegistryType::DockerConfigSecret, registry.docker_config_secret,
         &read_docker_config_secret);
    FieldReader(spec.member("anonymous"), spec.pointer_to("anonymous"), errors).refuse_unknown();
}

/// The rules between type, its block and the fields that only some types have.
void read_type(Registry& registry, FieldReader& spec, FieldErrors& errors) {
    spec.required("type",
                  "AlibabaACR, AmazonECR, GoogleArtifactRegistry, AzureACR, Harbor, "
                  "DockerConfigSecret or Anonymous");
    std::size_t const before = errors.size();
    registry.type = static_cast<RegistryType>(
        spec.choice("type", type_names, static_cast<std::size_t>(RegistryType::Anonymous)));
    bool const known = errors.size() == before && spec.member("type") != nullptr;
    for (std::size_t i = 0; i < block_names.size(); ++i) {
        bool const present = spec.member(block_names[i]) != nullptr;
        if (known) {
            check_block(spec, block_names[i], present, static_cast<std::size_t>(registry.type) == i,
                        true, name_of(registry.type), type_names[i]);
        }
    }
    read_blocks(registry, spec, errors);
    if (known && errors.size() == before) {
        check_hosts(registry, spec);
    }
    if (known && !registry.role_cloud() && spec.member("allowedRoles") != nullptr) {
        spec.report("allowedRoles", "must not be set if type is " +
                                        std::string(name_of(registry.type)) +
                                        ", which assumes no role: remove it");
    }
}

/// Types whose credential can't be narrowed must say that this is known.
void check_unnarrowed(Registry const& registry, FieldReader& spec) {
    std::string why;
    switch (registry.type) {
        case RegistryType::DockerConfigSecret:
            why = "a fixed credential can't be narrowed";
            break;
        case RegistryType::GoogleArtifactRegistry:
            why =
                "Google narrows tokens for Cloud Storage alone, so that only the service account's "
                "own rights narrow this credential; it can't be narrowed";
            break;
        case RegistryType::AzureACR:
            if (registry.azure_acr && registry.azure_acr->scope_map_tokens) {
                return;
            }
            why =
                "without azureACR.scopeMapTokens only the application's own rights narrow the "
                "credential; it can't be narrowed";
            break;
        default:
            return;
    }
    if (!registry.allow_unnarrowed) {
        spec.report("allowUnnarrowed",
                    "must be true if type is " + std::string(name_of(registry.type)) + ": " + why +
                        " to what a tenancy allows, and everybody who can read Secrets in a "
                        "governed namespace holds all of it; set it to true if that is acceptable");
    }
}

}  // namespace

std::optional<Role::Cloud> Registry::role_cloud() const {
    switch (type) {
        case RegistryType::AlibabaACR:
            return Role::Cloud::Alibaba;
        case RegistryType::AmazonECR:
            return Role::Cloud::Aws;
        case RegistryType::GoogleArtifactRegistry:
            return Role::Cloud::Google;
        case RegistryType::AzureACR:
            return Role::Cloud::Azure;
        case RegistryType::Harbor:
        case RegistryType::DockerConfigSecret:
        case RegistryType::Anonymous:
            break;
    }
    return std::nullopt;
}

Registry::RoleUse Registry::role_use() const {
    if (!role_cloud() || identity() == nullptr) {
        return RoleUse::None;
    }
    Identity::Type const who = identity()->type;
    switch (type) {
        case RegistryType::GoogleArtifactRegistry:
            // What the token is exchanged for may hold the reader role itself.
            return who == Identity::Type::ServiceAccount ? RoleUse::Optional : RoleUse::Required;
        case RegistryType::AzureACR:
            // The secret is of one application; tokens are made by the Registry's own identity.
            if (who == Identity::Type::AccessKey || azure_acr->scope_map_tokens) {
                return RoleUse::None;
            }
            return who == Identity::Type::ServiceAccount ? RoleUse::Required : RoleUse::Optional;
        default:
            return RoleUse::Required;
    }
}

bool Registry::takes_external_id() const {
    return (type == RegistryType::AlibabaACR || type == RegistryType::AmazonECR) &&
           identity() != nullptr && identity()->type != Identity::Type::ServiceAccount;
}

Identity const* Registry::identity() const {
    if (alibaba_acr) {
        return &alibaba_acr->identity;
    }
    if (amazon_ecr) {
        return &amazon_ecr->identity;
    }
    if (google_artifact_registry) {
        return &google_artifact_registry->identity;
    }
    if (azure_acr) {
        return &azure_acr->identity;
    }
    return harbor ? &harbor->identity : nullptr;
}

std::string_view name_of(RegistryType type) {
    return type_names[static_cast<std::size_t>(type)];
}

bool role_matches(std::string_view pattern, std::string_view role) {
    // Greedy with one step back to the last star: linear in practice, quadratic at worst, over
    // texts of at most 256 bytes.
    std::size_t p = 0;
    std::size_t r = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_reached = 0;
    while (r < role.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_reached = r;
        } else if (p < pattern.size() && pattern[p] == role[r]) {
            ++p;
            ++r;
        } else if (star != std::string_view::npos && role[star_reached] != ':' &&
                   role[star_reached] != '/') {
            p = star + 1;
            r = ++star_reached;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool Registry::role_allowed(std::string_view role) const {
    return allowed_roles.empty() ||
           std::any_of(allowed_roles.begin(), allowed_roles.end(),
                       [role](std::string const& pattern) { return role_matches(pattern, role); });
}

Parsed<Registry> Registry::parse(Json const& object) {
    FieldErrors errors;
    Registry registry;
    registry.meta = kube::meta_of(object);
    if (find(object, "spec") == nullptr) {
        return tl::unexpected(FieldErrors{{"/spec", "is required: add hosts and type"}});
    }
    FieldReader spec(find(object, "spec"), "/spec", errors);
    registry.hosts = read_hosts(spec, errors);
    read_type(registry, spec, errors);
    registry.allowed_roles = read_allowed_roles(spec, errors);
    registry.realm = spec.text("realm", url_characters_max);
    if (!registry.realm.empty() && !is_https_url(registry.realm)) {
        spec.report("realm", in_quotes(registry.realm) +
                                 " is no token endpoint: write an https:// URL without user, query "
                                 "and fragment, for example https://auth.example.com/token");
    }
    registry.key_style = static_cast<KeyStyle>(spec.choice("keyStyle", key_style_names, 0));
    registry.allow_unnarrowed = spec.flag("allowUnnarrowed");
    check_unnarrowed(registry, spec);
    spec.refuse_unknown();
    if (!errors.empty()) {
        return tl::unexpected(std::move(errors));
    }
    return registry;
}

Json Registry::spec_json() const {
    Json spec = Json::object();
    for (auto const& host : hosts) {
        spec["hosts"].push_back(host.str());
    }
    spec["type"] = name_of(type);
    if (alibaba_acr) {
        spec["alibabaACR"] = alibaba_acr_json(*alibaba_acr);
    }
    if (amazon_ecr) {
        spec["amazonECR"] = amazon_ecr_json(*amazon_ecr);
    }
    if (google_artifact_registry) {
        spec["googleArtifactRegistry"] = google_artifact_registry_json(*google_artifact_registry);
    }
    if (azure_acr) {
        spec["azureACR"] = azure_acr_json(*azure_acr);
    }
    if (harbor) {
        spec["harbor"] = harbor_json(*harbor);
    }
    if (docker_config_secret) {
        spec["dockerConfigSecret"]["secretName"] = docker_config_secret->secret_name;
    }
    if (type == RegistryType::Anonymous) {
        spec["anonymous"] = Json::object();
    }
    if (!allowed_roles.empty()) {
        spec["allowedRoles"] = allowed_roles;
    }
    if (!realm.empty()) {
        spec["realm"] = realm;
    }
    spec["keyStyle"] = key_style_names[static_cast<std::size_t>(key_style)];
    if (allow_unnarrowed) {
        spec["allowUnnarrowed"] = true;
    }
    return spec;
}

}  // namespace rt::tenancy
