#include "lib/tenancy/registry_blocks.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "lib/base/text.hpp"

namespace rt::tenancy {
namespace {

constexpr std::array<std::string_view, 2> endpoint_names{"Public", "VPC"};
/// In the order of Identity::Type.
constexpr std::array<std::string_view, 3> identity_names{"InstanceRole", "AccessKey", "OIDC"};

constexpr std::size_t name_characters_max = 253;
constexpr std::string_view secret_fix = "name a Secret in the operator's namespace";

bool is_lower(char character) {
    return character >= 'a' && character <= 'z';
}
bool is_digit(char character) {
    return character >= '0' && character <= '9';
}
bool is_number(std::string_view text, std::size_t digits_min, std::size_t digits_max) {
    return text.size() >= digits_min && text.size() <= digits_max &&
           std::all_of(text.begin(), text.end(), is_digit);
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

/// What a cloud's identities look like.
struct IdentityRules {
    std::span<std::string_view const> types;  ///< a beginning of identity_names
    std::string_view fix;
    std::string_view role_punctuation;  ///< in a role's name, besides letters and digits
    std::string_view role_kind;
    std::string_view role_characters;
};
constexpr IdentityRules alibaba_identities{std::span(identity_names).first(2),
                                           "InstanceRole or AccessKey", ".@_-", "RAM",
                                           "letters, digits and . @ _ -"};
constexpr IdentityRules amazon_identities{identity_names, "InstanceRole, OIDC or AccessKey",
                                          "_+=,.@-", "IAM", "letters, digits and _ + = , . @ -"};

std::string read_secret_name(FieldReader& reader) {
    std::string name = reader.required_text("secretName", name_characters_max, secret_fix);
    if (!name.empty() && !is_dns_subdomain(name)) {
        reader.report("secretName", in_quotes(name) +
                                        " is no Secret name: lower-case letters, digits, "
                                        "- and . only");
    }
    return name;
}

std::string read_instance_role(FieldReader& block, IdentityRules const& rules) {
    std::string name = block.text("roleName", 64);
    if (!std::all_of(name.begin(), name.end(), [&](char character) {
            return is_digit(character) || is_lower(character) ||
                   (character >= 'A' && character <= 'Z') ||
                   rules.role_punctuation.find(character) != std::string_view::npos;
        })) {
        block.report("roleName", in_quotes(name) + " is no " + std::string(rules.role_kind) +
                                     " role name: write the name alone (not the ARN), of " +
                                     std::string(rules.role_characters));
    }
    block.refuse_unknown();
    return name;
}

std::string read_oidc_role(FieldReader& block) {
    std::string role =
        block.required_text("role", 607, "write the ARN of the role that trusts the cluster");
    auto const arn = RoleArn::parse(role);
    if (!role.empty() && (!arn || arn->cloud() != RoleArn::Cloud::Aws)) {
        block.report("role", in_quotes(role) +
                                 " is no IAM role: write the whole ARN, for example "
                                 "arn:aws:iam::111122223333:role/registry-tenancy");
    }
    block.refuse_unknown();
    return role;
}

Identity read_identity(Json const* value, std::string const& pointer, IdentityRules const& rules,
                       FieldErrors& errors) {
    Identity identity;
    FieldReader reader(value, pointer, errors);
    if (!reader.present()) {
        return identity;
    }
    reader.required("type", rules.fix);
    identity.type = static_cast<Identity::Type>(reader.choice("type", rules.types, 0));
    std::string_view const type = identity_names[static_cast<std::size_t>(identity.type)];
    Json const* const role_block = reader.member("instanceRole");
    Json const* const key_block = reader.member("accessKey");
    check_block(reader, "instanceRole", role_block != nullptr,
                identity.type == Identity::Type::InstanceRole, false, type, "InstanceRole");
    check_block(reader, "accessKey", key_block != nullptr,
                identity.type == Identity::Type::AccessKey, true, type, "AccessKey");
    FieldReader role(role_block, reader.pointer_to("instanceRole"), errors);
    identity.role_name = read_instance_role(role, rules);
    FieldReader key(key_block, reader.pointer_to("accessKey"), errors);
    if (key.present()) {
        identity.secret_name = read_secret_name(key);
        key.refuse_unknown();
    }
    if (rules.types.size() > static_cast<std::size_t>(Identity::Type::OIDC)) {
        Json const* const oidc_block = reader.member("oidc");
        check_block(reader, "oidc", oidc_block != nullptr, identity.type == Identity::Type::OIDC,
                    true, type, "OIDC");
        FieldReader oidc(oidc_block, reader.pointer_to("oidc"), errors);
        if (oidc.present()) {
            identity.oidc_role = read_oidc_role(oidc);
        }
    }
    reader.refuse_unknown();
    return identity;
}

Json identity_json(Identity const& identity) {
    Json json = {{"type", name_of(identity.type)}};
    if (!identity.role_name.empty()) {
        json["instanceRole"]["roleName"] = identity.role_name;
    }
    if (!identity.secret_name.empty()) {
        json["accessKey"]["secretName"] = identity.secret_name;
    }
    if (!identity.oidc_role.empty()) {
        json["oidc"]["role"] = identity.oidc_role;
    }
    return json;
}

/// Two letters, words, a number: eu-central-1, us-gov-west-1. The isolated partitions (us-iso...)
/// have endpoints of their own that we do not know.
bool is_amazon_region(std::string_view region) {
    auto const words = split(region, '-');
    return words.size() >= 3 && words.front().size() == 2 && is_number(words.back(), 1, 2) &&
           words.back().front() != '0' && !words[1].starts_with("iso") &&
           std::all_of(words.begin(), words.end() - 1, [](std::string_view word) {
               return !word.empty() && std::all_of(word.begin(), word.end(), is_lower);
           });
}

}  // namespace

std::string_view name_of(Identity::Type type) {
    return identity_names[static_cast<std::size_t>(type)];
}

std::string_view AmazonEcrSpec::partition() const {
    if (region.starts_with("cn-")) {
        return "aws-cn";
    }
    return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
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
    if (!spec.account_id.empty() && !is_number(spec.account_id, 10, 20)) {
        reader.report("accountID", in_quotes(spec.account_id) +
                                       " is no account ID: write its 10 to 20 "
                                       "digits in quotes");
    }
    spec.endpoints =
        static_cast<AlibabaAcrSpec::Endpoints>(reader.choice("endpoints", endpoint_names, 0));
    spec.identity = read_identity(reader.required("identity", "add type: InstanceRole"),
                                  reader.pointer_to("identity"), alibaba_identities, errors);
    reader.refuse_unknown();
    return spec;
}

Json alibaba_acr_json(AlibabaAcrSpec const& spec) {
    Json json = {{"instanceID", spec.instance_id},
                 {"region", spec.region},
                 {"endpoints", endpoint_names[static_cast<std::size_t>(spec.endpoints)]},
                 {"identity", identity_json(spec.identity)}};
    if (!spec.account_id.empty()) {
        json["accountID"] = spec.account_id;
    }
    return json;
}

AmazonEcrSpec read_amazon_ecr(Json const* value, std::string const& pointer, FieldErrors& errors) {
    AmazonEcrSpec spec;
    FieldReader reader(value, pointer, errors);
    spec.registry_id =
        reader.required_text("registryID", 12, "write the account that owns the registry");
    if (!spec.registry_id.empty() && !is_number(spec.registry_id, 12, 12)) {
        reader.report("registryID", in_quotes(spec.registry_id) +
                                        " is no registry ID: write the 12 digits of the account "
                                        "that owns the registry, in quotes");
    }
    spec.region = reader.required_text("region", 32, "write the registry's region");
    if (!spec.region.empty() && !is_amazon_region(spec.region)) {
        reader.report("region", in_quotes(spec.region) +
                                    " is no region of the partitions aws, aws-cn and aws-us-gov: "
                                    "write it as in the registry's host name, for example "
                                    "eu-central-1");
    }
    spec.session_tags = reader.flag("sessionTags");
    spec.identity = read_identity(reader.required("identity", "add type: InstanceRole"),
                                  reader.pointer_to("identity"), amazon_identities, errors);
    if (auto const base = RoleArn::parse(spec.identity.oidc_role);
        base && base->cloud() == RoleArn::Cloud::Aws && base->partition() != spec.partition()) {
        reader.report("identity", "has an oidc.role of another partition than region " +
                                      in_quotes(spec.region) +
                                      ", and roles can't be assumed across partitions: name a role "
                                      "of partition " +
                                      std::string(spec.partition()));
    }
    reader.refuse_unknown();
    return spec;
}

Json amazon_ecr_json(AmazonEcrSpec const& spec) {
    Json json = {{"registryID", spec.registry_id},
                 {"region", spec.region},
                 {"identity", identity_json(spec.identity)}};
    if (spec.session_tags) {
        json["sessionTags"] = true;
    }
    return json;
}

bool may_be_host_of(AmazonEcrSpec const& spec, std::string_view host) {
    // ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn] or ACCOUNT.dkr-ecr.REGION.on.aws
    constexpr std::size_t account_digits = 12;
    std::string_view const rest = host.substr(std::min(account_digits, host.size()));
    if (!is_number(host.substr(0, account_digits), account_digits, account_digits) ||
        !(rest.starts_with(".dkr.ecr") || rest.starts_with(".dkr-ecr"))) {
        return true;  // a proxy or a name of the user's own
    }
    return host.starts_with(spec.registry_id) &&
           rest.find('.' + spec.region + '.') != std::string_view::npos;
}

DockerConfigSecretSpec read_docker_config_secret(Json const* value, std::string const& pointer,
                                                 FieldErrors& errors) {
    FieldReader block(value, pointer, errors);
    DockerConfigSecretSpec spec{read_secret_name(block)};
    block.refuse_unknown();
    return spec;
}

}  // namespace rt::tenancy
