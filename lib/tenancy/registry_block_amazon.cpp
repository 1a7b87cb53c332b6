#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/registry_block_parts.hpp"
#include "lib/tenancy/registry_blocks.hpp"

namespace rt::tenancy {
namespace {

void read_instance_role(FieldReader& block, Identity& identity) {
    read_role_name(block, identity, {"IAM", "_+=,.@-", "letters, digits and _ + = , . @ -"});
}

/// Without a role: EKS Pod Identity, where EKS knows the role (pod_identity()).
void read_oidc(FieldReader& block, Identity& identity) {
    bool const by_agent = block.flag("podIdentity");
    identity.oidc_role =
        by_agent ? block.text("role", 607)
                 : block.required_text("role", 607,
                                       "write the ARN of the role that trusts the cluster, or set "
                                       "podIdentity: true where EKS Pod Identity gives the role");
    if (by_agent && !identity.oidc_role.empty()) {
        block.report("role",
                     "must not be set with podIdentity: true, because EKS' association names the "
                     "role: remove one of the two");
    }
    auto const role = Role::parse(identity.oidc_role);
    if (!identity.oidc_role.empty() && (!role || role->cloud() != Role::Cloud::Aws)) {
        block.report("role", in_quotes(identity.oidc_role) +
                                 " is no IAM role: write the whole ARN, for example "
                                 "arn:aws:iam::111122223333:role/registry-tenancy");
    }
}

/// With ServiceAccount the tenancy's role says everything.
constexpr std::array identities{
    IdentityBlock{Identity::Type::InstanceRole, &read_instance_role, false},
    IdentityBlock{Identity::Type::OIDC, &read_oidc},
    IdentityBlock{Identity::Type::ServiceAccount, nullptr},
    IdentityBlock{Identity::Type::AccessKey, &read_access_key},
};

/// Two letters, words, a number: eu-central-1, us-gov-west-1. The isolated partitions (us-iso...)
/// have endpoints of their own that we do not know.
bool is_region(std::string_view region) {
    auto const words = split(region, '-');
    return words.size() >= 3 && words.front().size() == 2 && is_number(words.back(), 1, 2) &&
           words.back().front() != '0' && !words[1].starts_with("iso") &&
           std::all_of(words.begin(), words.end() - 1, [](std::string_view word) {
               return !word.empty() && std::all_of(word.begin(), word.end(), [](char character) {
                   return character >= 'a' && character <= 'z';
               });
           });
}

}  // namespace

bool pod_identity(AmazonEcrSpec const& spec) {
    return spec.identity.type == Identity::Type::OIDC && spec.identity.oidc_role.empty();
}

std::string_view AmazonEcrSpec::partition() const {
    if (region.starts_with("cn-")) {
        return "aws-cn";
    }
    return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
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
    if (!spec.region.empty() && !is_region(spec.region)) {
        reader.report("region", in_quotes(spec.region) +
                                    " is no region of the partitions aws, aws-cn and aws-us-gov: "
                                    "write it as in the registry's host name, for example "
                                    "eu-central-1");
    }
    spec.session_tags = reader.flag("sessionTags");
    std::size_t const wrong_before = errors.size();
    spec.identity = read_identity(reader, identities, errors);
    bool const by_agent = errors.size() == wrong_before && pod_identity(spec);
    if (spec.session_tags && spec.identity.type == Identity::Type::ServiceAccount) {
        reader.report("sessionTags",
                      "must not be true with identity ServiceAccount: AWS takes the tags of such a "
                      "session from the token alone; remove it (the token's subject names the "
                      "namespace)");
    }
    if (spec.session_tags && by_agent) {
        reader.report(
            "sessionTags",
            "must not be true with oidc.podIdentity: EKS' own tags go on to every further "
            "session, kubernetes-namespace among them, and AWS refuses to set it twice; "
            "remove it");
    }
    if (auto const base = Role::parse(spec.identity.oidc_role);
        base && base->cloud() == Role::Cloud::Aws && base->partition() != spec.partition()) {
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
    if (pod_identity(spec)) {
        json["identity"]["oidc"]["podIdentity"] = true;
    }
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

}  // namespace rt::tenancy
