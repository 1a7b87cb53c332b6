#include "lib/tenancy/registry.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"

namespace rt::tenancy {
namespace {

constexpr std::array<std::string_view, 3> type_names{"AlibabaACR", "DockerConfigSecret",
                                                     "Anonymous"};
constexpr std::array<std::string_view, 2> key_style_names{"Path", "Host"};
constexpr std::array<std::string_view, 2> endpoint_names{"Public", "VPC"};
constexpr std::array<std::string_view, 2> identity_names{"InstanceRole", "AccessKey"};

constexpr std::size_t name_characters_max = 253;
constexpr std::size_t url_characters_max = 2048;
constexpr std::string_view secret_fix = "name a Secret in the operator's namespace";

bool is_lower(char character) {
    return character >= 'a' && character <= 'z';
}
bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/// Lower-case alphanumeric words joined by single dashes, at least `words_min` of them.
bool is_dashed(std::string_view text, std::size_t words_min) {
    auto const words = split(text, '-');
    return words.size() >= words_min &&
           std::all_of(words.begin(), words.end(), [](std::string_view word) {
               return !word.empty() && std::all_of(word.begin(), word.end(), [](char character) {
                   return is_lower(character) || is_digit(character);
               });
           });
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
                           return is_digit(character) || is_lower(character) ||
                                  (character >= 'A' && character <= 'Z') || character == '.' ||
                                  character == '-';
                       }) &&
           port.size() != 1 &&
           std::all_of(port.begin() + (port.empty() ? 0 : 1), port.end(), is_digit) &&
           is_printable_without_spaces(url.substr(path)) &&
           url.find_first_of("?#", path) == std::string_view::npos;
}

std::string read_secret_name(FieldReader& reader) {
    std::string name = reader.required_text("secretName", name_characters_max, secret_fix);
    if (!name.empty() && !is_dns_subdomain(name)) {
        reader.report("secretName", in_quotes(name) +
                                        " is no Secret name: lower-case letters, digits, "
                                        "- and . only");
    }
    return name;
}

/// Reports a block that its discriminator does not want, or the lack of one that it needs.
void check_block(FieldReader& reader, std::string_view key, bool present, bool wanted,
                 bool required, std::string_view type, std::string_view owner) {
    if (wanted && required && !present) {
        reader.report(key, "is required if type is " + std::string(type) + ": add it");
    } else if (!wanted && present) {
        reader.report(key, "must not be set if type is " + std::string(type) +
                               ": remove it, or set type to " + std::string(owner));
    }
}

Identity read_identity(Json const* value, std::string const& pointer, FieldErrors& errors) {
    Identity identity;
    FieldReader reader(value, pointer, errors);
    if (!reader.present()) {
        return identity;
    }
    reader.required("type", "InstanceRole or AccessKey");
    identity.type = static_cast<Identity::Type>(reader.choice("type", identity_names, 0));
    bool const by_key = identity.type == Identity::Type::AccessKey;
    std::string_view const type = identity_names[by_key ? 1 : 0];
    Json const* const role_block = reader.member("instanceRole");
    Json const* const key_block = reader.member("accessKey");
    check_block(reader, "instanceRole", role_block != nullptr, !by_key, false, type,
                "InstanceRole");
    check_block(reader, "accessKey", key_block != nullptr, by_key, true, type, "AccessKey");
    FieldReader role(role_block, reader.pointer_to("instanceRole"), errors);
    identity.role_name = role.text("roleName", 64);
    if (!std::all_of(identity.role_name.begin(), identity.role_name.end(), [](char character) {
            return is_digit(character) || is_lower(character) ||
                   (character >= 'A' && character <= 'Z') ||
                   std::string_view(".@_-").find(character) != std::string_view::npos;
        })) {
        role.report("roleName", in_quotes(identity.role_name) +
                                    " is no RAM role name: write the name alone (not the ARN), of "
                                    "letters, digits and . @ _ -");
    }
    role.refuse_unknown();
    FieldReader key(key_block, reader.pointer_to("accessKey"), errors);
    if (key.present()) {
        identity.secret_name = read_secret_name(key);
        key.refuse_unknown();
    }
    reader.refuse_unknown();
    return identity;
}

AlibabaAcrSpec read_alibaba_acr(Json const* value, std::string const& pointer,
                                FieldErrors& errors) {
    AlibabaAcrSpec spec;
    FieldReader reader(value, pointer, errors);
    spec.instance_id = reader.required_text("instanceID", 64, "write the ID that starts with cri-");
    if (!spec.instance_id.empty() &&
        (!spec.instance_id.starts_with("cri-") || !is_dashed(spec.instance_id, 2))) {
        reader.report("instanceID", in_quotes(spec.instance_id) +
                                        " is no ACR Enterprise Edition instance ID: write "
                                        "the one that starts with cri-");
    }
    spec.region = reader.required_text("region", 64, "write the instance's region");
    if (!spec.region.empty() &&
        (spec.region.size() < 3 || !is_lower(spec.region.front()) || !is_dashed(spec.region, 2))) {
        reader.report("region", in_quotes(spec.region) +
                                    " is no region ID: write it as the console "
                                    "does, for example cn-shanghai");
    }
    spec.account_id = reader.text("accountID", 20);
    if (!spec.account_id.empty() &&
        (spec.account_id.size() < 10 ||
         !std::all_of(spec.account_id.begin(), spec.account_id.end(), is_digit))) {
        reader.report("accountID", in_quotes(spec.account_id) +
                                       " is no account ID: write its 10 to 20 "
                                       "digits in quotes");
    }
    spec.endpoints =
        static_cast<AlibabaAcrSpec::Endpoints>(reader.choice("endpoints", endpoint_names, 0));
    spec.identity = read_identity(reader.required("identity", "add type: InstanceRole"),
                                  reader.pointer_to("identity"), errors);
    reader.refuse_unknown();
    return spec;
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

/// The rules between type, its block and the fields that only some types have.
void read_type(Registry& registry, FieldReader& spec, FieldErrors& errors) {
    spec.required("type", "AlibabaACR, DockerConfigSecret or Anonymous");
    std::size_t const before = errors.size();
    registry.type = static_cast<RegistryType>(
        spec.choice("type", type_names, static_cast<std::size_t>(RegistryType::Anonymous)));
    bool const known = errors.size() == before && spec.member("type") != nullptr;
    Json const* const acr = spec.member("alibabaACR");
    Json const* const docker = spec.member("dockerConfigSecret");
    Json const* const anonymous = spec.member("anonymous");
    if (known) {
        auto const check = [&](std::string_view key, Json const* block, RegistryType owner) {
            check_block(spec, key, block != nullptr, registry.type == owner, true,
                        name_of(registry.type), name_of(owner));
        };
        check("alibabaACR", acr, RegistryType::AlibabaACR);
        check("dockerConfigSecret", docker, RegistryType::DockerConfigSecret);
        check("anonymous", anonymous, RegistryType::Anonymous);
    }
    if (acr != nullptr) {
        registry.alibaba_acr = read_alibaba_acr(acr, spec.pointer_to("alibabaACR"), errors);
    }
    if (docker != nullptr) {
        FieldReader block(docker, spec.pointer_to("dockerConfigSecret"), errors);
        registry.docker_config_secret = DockerConfigSecretSpec{read_secret_name(block)};
        block.refuse_unknown();
    }
    FieldReader(anonymous, spec.pointer_to("anonymous"), errors).refuse_unknown();
    if (known && registry.type != RegistryType::AlibabaACR &&
        spec.member("allowedRoles") != nullptr) {
        spec.report("allowedRoles", "must not be set if type is " +
                                        std::string(name_of(registry.type)) +
                                        ", which assumes no role: remove it");
    }
}

}  // namespace

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
        auto const& acr = *alibaba_acr;
        Json identity = {{"type", identity_names[static_cast<std::size_t>(acr.identity.type)]}};
        if (!acr.identity.role_name.empty()) {
            identity["instanceRole"]["roleName"] = acr.identity.role_name;
        }
        if (!acr.identity.secret_name.empty()) {
            identity["accessKey"]["secretName"] = acr.identity.secret_name;
        }
        spec["alibabaACR"] = {
            {"instanceID", acr.instance_id},
            {"region", acr.region},
            {"endpoints", endpoint_names[static_cast<std::size_t>(acr.endpoints)]},
            {"identity", std::move(identity)}};
        if (!acr.account_id.empty()) {
            spec["alibabaACR"]["accountID"] = acr.account_id;
        }
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
