#include "lib/tenancy/registry_block_parts.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "lib/base/text.hpp"

namespace rt::tenancy {
namespace {

/// In the order of Identity::Type.
constexpr std::array<std::string_view, 4> identity_names{"InstanceRole", "AccessKey", "OIDC",
                                                         "ServiceAccount"};
constexpr std::array<std::string_view, 4> identity_keys{"instanceRole", "accessKey", "oidc",
                                                        "serviceAccount"};

constexpr std::size_t name_characters_max = 253;

std::string_view key_of(Identity::Type type) {
    return identity_keys[static_cast<std::size_t>(type)];
}

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}
bool is_lower(char character) {
    return character >= 'a' && character <= 'z';
}
bool is_upper(char character) {
    return character >= 'A' && character <= 'Z';
}

/// "a, b or c"
std::string any_of_them(std::span<std::string_view const> names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
        text += names[i];
    }
    return text;
}

}  // namespace

std::string_view name_of(Identity::Type type) {
    return identity_names[static_cast<std::size_t>(type)];
}

Identity read_identity(FieldReader& parent, std::span<IdentityBlock const> blocks,
                       FieldErrors& errors) {
    Identity identity;
    std::vector<std::string_view> names;
    for (auto const& block : blocks) {
        names.push_back(name_of(block.type));
    }
    FieldReader reader(
        parent.required("identity", "add type: " + std::string(name_of(blocks.front().type))),
        parent.pointer_to("identity"), errors);
    if (!reader.present()) {
        return identity;
    }
    reader.required("type", any_of_them(names));
    identity.type = blocks[reader.choice("type", names, 0)].type;
    for (auto const& block : blocks) {
        if (block.read == nullptr) {
            continue;  // refused as an unknown field
        }
        std::string_view const key = key_of(block.type);
        Json const* const value = reader.member(key);
        check_block(reader, key, value != nullptr, identity.type == block.type, block.required,
                    name_of(identity.type), name_of(block.type));
        FieldReader members(value, reader.pointer_to(key), errors);
        if (members.present()) {
            block.read(members, identity);
            members.refuse_unknown();
        }
    }
    reader.refuse_unknown();
    return identity;
}

Json identity_json(Identity const& identity) {
    Json json = {{"type", name_of(identity.type)}};
    auto const put = [&](std::string_view member, std::string const& value) {
        if (!value.empty()) {
            json[std::string(key_of(identity.type))][std::string(member)] = value;
        }
    };
    put("roleName", identity.role_name);
    put("secretName", identity.secret_name);
    put("role", identity.oidc_role);
    put("provider", identity.provider);
    put("audience", identity.audience);
    put("serviceAccount", identity.service_account);
    put("clientID", identity.client_id);
    return json;
}

void read_access_key(FieldReader& block, Identity& identity) {
    identity.secret_name = read_secret_name(block);
}

std::string read_secret_name(FieldReader& reader) {
    std::string name = reader.required_text("secretName", name_characters_max,
                                            "name a Secret in the operator's namespace");
    if (!name.empty() && !is_dns_subdomain(name)) {
        reader.report("secretName", in_quotes(name) +
                                        " is no Secret name: lower-case letters, digits, "
                                        "- and . only");
    }
    return name;
}

std::string read_guid(FieldReader& reader, std::string_view key, std::string_view what) {
    std::string id = reader.text(key, 36);
    if (!id.empty() && !is_guid(id)) {
        reader.report(key, in_quotes(id) + " is no " + std::string(what) +
                               ": write the GUID in lower case, for example "
                               "11111111-2222-3333-4444-555555555555");
    }
    return id;
}

void read_role_name(FieldReader& block, Identity& identity, RoleNameRules const& rules) {
    std::string name = block.text("roleName", 64);
    if (!std::all_of(name.begin(), name.end(), [&](char character) {
            return is_digit(character) || is_lower(character) || is_upper(character) ||
                   rules.punctuation.find(character) != std::string_view::npos;
        })) {
        block.report("roleName", in_quotes(name) + " is no " + std::string(rules.kind) +
                                     " role name: write the name alone (not the ARN), of " +
                                     std::string(rules.characters));
    }
    identity.role_name = std::move(name);
}

void check_block(FieldReader& reader, std::string_view key, bool present, bool wanted,
                 bool required, std::string_view type, std::string_view owner) {
    if (wanted && required && !present) {
        reader.report(key, "is required if type is " + std::string(type) + ": add it");
    } else if (!wanted && present) {
        reader.report(key, "must not be set if type is " + std::string(type) +
                               ": remove it, or set type to " + std::string(owner));
    }
}

bool is_number(std::string_view text, std::size_t digits_min, std::size_t digits_max) {
    return text.size() >= digits_min && text.size() <= digits_max &&
           std::all_of(text.begin(), text.end(), is_digit);
}

bool is_dashed(std::string_view text, std::size_t words_min) {
    auto const words = split(text, '-');
    return words.size() >= words_min &&
           std::all_of(words.begin(), words.end(), [](std::string_view word) {
               return !word.empty() && std::all_of(word.begin(), word.end(), [](char character) {
                   return is_lower(character) || is_digit(character);
               });
           });
}

bool is_https_url(std::string_view url) {
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
                                  is_upper(character) || character == '.' || character == '-';
                       }) &&
           port.size() != 1 &&
           std::all_of(port.begin() + (port.empty() ? 0 : 1), port.end(), is_digit) &&
           std::all_of(url.begin() + static_cast<std::ptrdiff_t>(path), url.end(),
                       [](char character) { return character >= '!' && character <= '~'; }) &&
           url.find_first_of("?#", path) == std::string_view::npos;
}

}  // namespace rt::tenancy
