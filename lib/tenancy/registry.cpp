#include "lib/tenancy/registry.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry_blocks.hpp"

namespace rt::tenancy {
namespace {

/// In the order of RegistryType.
constexpr std::array<std::string_view, 4> type_names{"AlibabaACR", "AmazonECR",
                                                     "DockerConfigSecret", "Anonymous"};
constexpr std::array<std::string_view, 2> key_style_names{"Path", "Host"};

constexpr std::size_t url_characters_max = 2048;

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

bool is_printable_without_spaces(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char character) { return character >= '!' && character <= '~'; });
}

/// https://HOST[:PORT][/PATH] without user, query and fragment.
bool is_realm(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    if (!url.starts_with(scheme)) {
        return false;
    }
    url.remove_prefix(scheme.size());
    std::size_t const path = std::min(url.find('/'), url.size());
    std::string_view const authority = url.substr(0, path);
    std::size_t const colon = std::min(authority.find(':'), authority.size());
    std::string_view const host = authority.substr(0, colon);
    std::string_view const port = authority.substr(colon);
    return !host.empty() &&
           std::all_of(host.begin(), host.end(),
                       [](char character) {
                           return is_digit(character) || (character >= 'a' && character <= 'z') ||
                                  (character >= 'A' && character <= 'Z') || character == '.' ||
                                  character == '-';
                       }) &&
           port.size() != 1 &&
           std::all_of(port.begin() + (port.empty() ? 0 : 1), port.end(), is_digit) &&
           is_printable_without_spaces(url.substr(path)) &&
           url.find_first_of("?#", path) == std::string_view::npos;
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
                              in_quotes(patterns[i]) + " is no role pattern: write an ARN without "
                                                       "spaces"});
        }
    }
    return patterns;
}

void check_amazon_hosts(Registry const& registry, FieldReader& spec, bool block_is_right) {
    for (auto const& host : registry.hosts) {
        if (block_is_right && !may_be_host_of(*registry.amazon_ecr, host.str())) {
            spec.report("hosts", in_quotes(host.str()) +
                                     " is the registry of another account or region than "
                                     "amazonECR says: correct one of them, or make it a Registry "
                                     "of its own");
        }
    }
}

/// The rules between type, its block and the fields that only some types have.
void read_type(Registry& registry, FieldReader& spec, FieldErrors& errors) {
    spec.required("type", "AlibabaACR, AmazonECR, DockerConfigSecret or Anonymous");
    std::size_t const before = errors.size();
    registry.type = static_cast<RegistryType>(
        spec.choice("type", type_names, static_cast<std::size_t>(RegistryType::Anonymous)));
    bool const known = errors.size() == before && spec.member("type") != nullptr;
    Json const* const acr = spec.member("alibabaACR");
    Json const* const ecr = spec.member("amazonECR");
    Json const* const docker = spec.member("dockerConfigSecret");
    Json const* const anonymous = spec.member("anonymous");
    if (known) {
        auto const check = [&](std::string_view key, Json const* block, RegistryType owner) {
            check_block(spec, key, block != nullptr, registry.type == owner, true,
                        name_of(registry.type), name_of(owner));
        };
        check("alibabaACR", acr, RegistryType::AlibabaACR);
        check("amazonECR", ecr, RegistryType::AmazonECR);
        check("dockerConfigSecret", docker, RegistryType::DockerConfigSecret);
        check("anonymous", anonymous, RegistryType::Anonymous);
    }
    if (acr != nullptr) {
        registry.alibaba_acr = read_alibaba_acr(acr, spec.pointer_to("alibabaACR"), errors);
    }
    if (ecr != nullptr) {
        registry.amazon_ecr = read_amazon_ecr(ecr, spec.pointer_to("amazonECR"), errors);
        check_amazon_hosts(registry, spec, errors.size() == before);
    }
    if (docker != nullptr) {
        registry.docker_config_secret =
            read_docker_config_secret(docker, spec.pointer_to("dockerConfigSecret"), errors);
    }
    FieldReader(anonymous, spec.pointer_to("anonymous"), errors).refuse_unknown();
    if (known && !registry.role_cloud() && spec.member("allowedRoles") != nullptr) {
        spec.report("allowedRoles", "must not be set if type is " +
                                        std::string(name_of(registry.type)) +
                                        ", which assumes no role: remove it");
    }
}

}  // namespace

std::optional<RoleArn::Cloud> Registry::role_cloud() const {
    switch (type) {
        case RegistryType::AlibabaACR:
            return RoleArn::Cloud::Alibaba;
        case RegistryType::AmazonECR:
            return RoleArn::Cloud::Aws;
        case RegistryType::DockerConfigSecret:
        case RegistryType::Anonymous:
            break;
    }
    return std::nullopt;
}

Identity const* Registry::identity() const {
    if (alibaba_acr) {
        return &alibaba_acr->identity;
    }
    return amazon_ecr ? &amazon_ecr->identity : nullptr;
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
    if (!registry.realm.empty() && !is_realm(registry.realm)) {
        spec.report("realm", in_quotes(registry.realm) +
                                 " is no token endpoint: write an https:// URL without user, query "
                                 "and fragment, for example https://auth.example.com/token");
    }
    registry.key_style = static_cast<KeyStyle>(spec.choice("keyStyle", key_style_names, 0));
    registry.allow_unnarrowed = spec.flag("allowUnnarrowed");
    if (registry.type == RegistryType::DockerConfigSecret && !registry.allow_unnarrowed) {
        spec.report(
            "allowUnnarrowed",
            "must be true if type is DockerConfigSecret: a fixed credential can't be narrowed "
            "to what a tenancy allows, and everybody who can read Secrets in a governed "
            "namespace holds all of it; set it to true if that is acceptable");
    }
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
