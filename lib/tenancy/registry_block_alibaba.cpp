#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/registry_block_parts.hpp"
#include "lib/tenancy/registry_blocks.hpp"

namespace rt::tenancy {
namespace {

constexpr std::array<std::string_view, 2> endpoint_names{"Public", "VPC"};
constexpr std::array<std::string_view, 2> edition_names{"Enterprise", "Personal"};

void read_instance_role(FieldReader& block, Identity& identity) {
    read_role_name(block, identity, {"RAM", ".@_-", "letters, digits and . @ _ -"});
}

/// acs:ram::ACCOUNT:oidc-provider/NAME
bool is_provider(std::string_view text) {
    constexpr std::size_t name_characters_max = 128;
    constexpr std::string_view kind = "oidc-provider/";
    auto const parts = split(text, ':');
    if (parts.size() != 5 || parts[0] != "acs" || parts[1] != "ram" || !parts[2].empty() ||
        !is_number(parts[3], 10, 20) || !parts[4].starts_with(kind)) {
        return false;
    }
    std::string_view const name = parts[4].substr(kind.size());
    return !name.empty() && name.size() <= name_characters_max &&
           std::all_of(name.begin(), name.end(), [](char character) {
               return (character >= 'a' && character <= 'z') ||
                      (character >= 'A' && character <= 'Z') ||
                      (character >= '0' && character <= '9') ||
                      std::string_view("._-").find(character) != std::string_view::npos;
           });
}

void read_service_account(FieldReader& block, Identity& identity) {
    identity.provider = block.required_text(
        "provider", 256, "write the ARN of the OIDC provider that stands for the cluster");
    if (!identity.provider.empty() && !is_provider(identity.provider)) {
        block.report("provider",
                     in_quotes(identity.provider) +
                         " is no OIDC provider of RAM: write its whole ARN, for example "
                         "acs:ram::1146716667364888:oidc-provider/ack-rrsa-c0123");
    }
}

void read_oidc(FieldReader& block, Identity& identity) {
    read_service_account(block, identity);
    identity.oidc_role =
        block.required_text("role", 256, "write the ARN of the role that trusts the cluster");
    if (identity.oidc_role.empty()) {
        return;
    }
    auto const role = Role::parse(identity.oidc_role);
    if (!role || role->cloud() != Role::Cloud::Alibaba) {
        block.report("role", in_quotes(identity.oidc_role) +
                                 " is no RAM role: write the whole ARN, for example "
                                 "acs:ram::1146716667364888:role/registry-tenancy");
    } else if (is_provider(identity.provider) && account_of_provider(identity) != role->account()) {
        block.report("role",
                     "is of another account than provider, but the cloud takes a token only for a "
                     "role of the provider's account: name a role of that account");
    }
}

constexpr std::array identities{
    IdentityBlock{Identity::Type::InstanceRole, &read_instance_role, false},
    IdentityBlock{Identity::Type::OIDC, &read_oidc},
    IdentityBlock{Identity::Type::ServiceAccount, &read_service_account},
    IdentityBlock{Identity::Type::AccessKey, &read_access_key},
};

void read_instance(AlibabaAcrSpec& spec, FieldReader& reader) {
    if (spec.edition == AlibabaAcrSpec::Edition::Personal) {
        if (reader.member("instanceID") != nullptr) {
            reader.report("instanceID",
                          "must not be set if edition is Personal, which has no instances: remove "
                          "it, or set edition to Enterprise");
        }
        return;
    }
    spec.instance_id = reader.required_text("instanceID", 64, "write the ID that starts with cri-");
    if (!spec.instance_id.empty() &&
        (!spec.instance_id.starts_with("cri-") || !is_dashed(spec.instance_id, 2))) {
        reader.report("instanceID", in_quotes(spec.instance_id) +
                                        " is no ACR Enterprise Edition instance ID: write "
                                        "the one that starts with cri-");
    }
}

}  // namespace

std::string_view account_of_provider(Identity const& identity) {
    auto const parts = split(identity.provider, ':');
    return parts.size() == 5 ? parts[3] : std::string_view();
}

AlibabaAcrSpec read_alibaba_acr(Json const* value, std::string const& pointer,
                                FieldErrors& errors) {
    AlibabaAcrSpec spec;
    FieldReader reader(value, pointer, errors);
    spec.edition = static_cast<AlibabaAcrSpec::Edition>(reader.choice("edition", edition_names, 0));
    read_instance(spec, reader);
    spec.region = reader.required_text("region", 64, "write the instance's region");
    if (!spec.region.empty() && (spec.region.size() < 3 || spec.region.front() < 'a' ||
                                 spec.region.front() > 'z' || !is_dashed(spec.region, 2))) {
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
    spec.identity = read_identity(reader, identities, errors);
    reader.refuse_unknown();
    return spec;
}

Json alibaba_acr_json(AlibabaAcrSpec const& spec) {
    Json json = {{"edition", edition_names[static_cast<std::size_t>(spec.edition)]},
                 {"region", spec.region},
                 {"endpoints", endpoint_names[static_cast<std::size_t>(spec.endpoints)]},
                 {"identity", identity_json(spec.identity)}};
    if (!spec.instance_id.empty()) {
        json["instanceID"] = spec.instance_id;
    }
    if (!spec.account_id.empty()) {
        json["accountID"] = spec.account_id;
    }
    return json;
}

bool may_be_host_of(AlibabaAcrSpec const& spec, std::string_view host) {
    // Instances have names of many forms, and say their ID; the Personal edition has one registry
    // per region: registry[-vpc].REGION.aliyuncs.com, crpi-ID[-vpc].REGION.personal.cr.aliyuncs.com
    return spec.edition == AlibabaAcrSpec::Edition::Enterprise ||
           !host.ends_with(".aliyuncs.com") ||
           host.find('.' + spec.region + '.') != std::string_view::npos;
}

}  // namespace rt::tenancy
