#include "lib/tenancy/names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/image_reference.hpp"

namespace rt::tenancy {
namespace {

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

bool all_digits(std::string_view text, std::size_t length_min, std::size_t length_max) {
    return text.size() >= length_min && text.size() <= length_max &&
           std::all_of(text.begin(), text.end(), is_digit);
}

bool consists_of(std::string_view text, std::string_view others) {
    return std::all_of(text.begin(), text.end(), [others](char character) {
        return is_digit(character) || is_letter(character) ||
               others.find(character) != std::string_view::npos;
    });
}

Error bad_host(std::string_view text, std::string_view what) {
    return invalid_argument(in_quotes(text) + ' ' + std::string(what));
}

Error bad_role(std::string_view text, std::string_view what) {
    return invalid_argument(in_quotes(text) + " is no role: " + std::string(what));
}

constexpr std::string_view role_prefix = "role/";

/// acs:ram::ACCOUNT:role/NAME; RAM role names are 1 to 64 letters, digits and . @ _ -
bool is_alibaba_role(std::string_view account, std::string_view name) {
    return all_digits(account, 10, 20) && !name.empty() && name.size() <= 64 &&
           consists_of(name, ".@_-");
}

bool is_aws_partition(std::string_view partition) {
    return partition == "aws" ||
           (partition.starts_with("aws-") && partition.size() > 4 && partition.size() <= 32 &&
            std::all_of(partition.begin(), partition.end(), [](char character) {
                return (character >= 'a' && character <= 'z') || is_digit(character) ||
                       character == '-';
            }));
}

/// IAM: name of at most 64 of [\w+=,.@-], path of at most 512 characters.
bool is_aws_role_name(std::string_view name) {
    auto const parts = split(name, '/');
    return name.size() <= 64 + 512 && parts.back().size() <= 64 &&
           std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
               return !part.empty() && consists_of(part, "_+=,.@-");
           });
}

}  // namespace

Result<RegistryHost> RegistryHost::parse(std::string_view text) {
    constexpr std::size_t bytes_max = 261;  // 255 of a DNS name, ":65535"
    if (text.size() > bytes_max) {
        return fail(
            bad_host(text, "is longer than 261 bytes: write the host alone, without a path"));
    }
    if (text == "index.docker.io" || text == "registry-1.docker.io") {
        return fail(bad_host(text,
                             "is a server of docker.io, but image references name docker.io "
                             "itself: write docker.io"));
    }
    // The reference parser decides what a host is, so that a Registry can name exactly those hosts
    // that an image can name.
    auto const reference = text.find_first_of("/@") == std::string_view::npos
                               ? ImageReference::parse(std::string(text) + "/x")
                               : tl::unexpected(ImageError::Malformed);
    if (!reference) {
        switch (reference.error()) {
            case ImageError::UpperCaseRegistry:
                return fail(bad_host(
                    text, "has upper case: write " + printable(to_lower_ascii(text), 256)));
            case ImageError::BadPort:
                return fail(bad_host(text,
                                     "has a port that is no number from 1 to 65535 without "
                                     "leading zeros: correct the port"));
            default:
                break;
        }
        return fail(bad_host(text,
                             "is no registry host: write it in lower case as in an image "
                             "reference, optionally with :port, without scheme, path or "
                             "spaces (for example registry.example.com:5000)"));
    }
    // "x" alone after the host would be read as docker.io/HOST/x.
    if (text.find_first_of(".:") == std::string_view::npos && text != "localhost") {
        return fail(bad_host(text,
                             "has neither a dot nor a port, so container runtimes read it as a "
                             "repository on docker.io: write the full host name"));
    }
    if (text.find('_') != std::string_view::npos) {
        return fail(bad_host(text,
                             "has an underscore, which no registry host in an image reference "
                             "can have: use another name of the registry"));
    }
    RegistryHost host;
    host.text_ = text;
    return host;
}

Result<RepositoryPath> RepositoryPath::parse(std::string_view text) {
    // With a registry before it, the parser reads the text as a path and nothing else.
    bool const separated = text.find_first_of(":@") != std::string_view::npos;
    std::string const probe = "registry.invalid/" + std::string(text);
    if (separated || !ImageReference::parse(probe)) {
        return fail(
            invalid_argument(in_quotes(text) +
                             " is no repository path: write it in lower case as in an image "
                             "reference, without host, tag, digest, wildcards and slashes at the "
                             "ends (for example base/jdk)"));
    }
    RepositoryPath path;
    path.text_ = text;
    return path;
}

bool is_google_service_account(std::string_view text) {
    constexpr std::size_t name_bytes_max = 30;
    std::size_t const at = text.find('@');
    if (at == std::string_view::npos) {
        return false;
    }
    std::string_view const domain = text.substr(at + 1);
    return at <= name_bytes_max && text.substr(0, at).find('.') == std::string_view::npos &&
           is_dns_subdomain(text.substr(0, at)) && is_dns_subdomain(domain) &&
           domain.ends_with(".gserviceaccount.com");
}

bool is_guid(std::string_view text) {
    constexpr std::array<std::size_t, 5> digits{8, 4, 4, 4, 12};
    auto const groups = split(text, '-');
    return groups.size() == digits.size() &&
           std::equal(groups.begin(), groups.end(), digits.begin(),
                      [](std::string_view group, std::size_t size) {
                          return group.size() == size &&
                                 std::all_of(group.begin(), group.end(), [](char character) {
                                     return is_digit(character) ||
                                            (character >= 'a' && character <= 'f');
                                 });
                      });
}

Result<Role> Role::parse_alibaba(std::string_view text) {
    auto const parts = split(text, ':');
    Role role;
    role.text_ = text;
    role.cloud_ = Cloud::Alibaba;
    role.partition_ = "acs";
    if (parts.size() != 5 || parts[1] != "ram" || !parts[2].empty() ||
        !parts[4].starts_with(role_prefix)) {
        return fail(bad_role(text,
                             "write acs:ram::ACCOUNT:role/NAME (for example "
                             "acs:ram::1146716667364888:role/acr-cainiao)"));
    }
    role.account_ = parts[3];
    role.name_ = parts[4].substr(role_prefix.size());
    if (!is_alibaba_role(role.account_, role.name_)) {
        return fail(bad_role(text,
                             "the account is 10 to 20 digits, the name 1 to 64 letters, "
                             "digits and . @ _ -"));
    }
    return role;
}

Result<Role> Role::parse_aws(std::string_view text) {
    auto const parts = split(text, ':');
    Role role;
    role.text_ = text;
    role.cloud_ = Cloud::Aws;
    if (parts.size() != 6 || !is_aws_partition(parts[1]) || parts[2] != "iam" ||
        !parts[3].empty() || !parts[5].starts_with(role_prefix)) {
        return fail(bad_role(text,
                             "write arn:aws:iam::ACCOUNT:role/NAME (with aws-cn or aws-us-gov in "
                             "those partitions)"));
    }
    role.partition_ = parts[1];
    role.account_ = parts[4];
    role.name_ = parts[5].substr(role_prefix.size());
    if (!all_digits(role.account_, 12, 12) || !is_aws_role_name(role.name_)) {
        return fail(bad_role(text,
                             "the account is 12 digits, the name 1 to 64 letters, digits "
                             "and _ + = , . @ -, after an optional path"));
    }
    return role;
}

Result<Role> Role::parse(std::string_view text) {
    if (text.starts_with("acs:")) {
        return parse_alibaba(text);
    }
    if (text.starts_with("arn:")) {
        return parse_aws(text);
    }
    Role role;
    role.text_ = text;
    if (std::size_t const at = text.find('@'); at != std::string_view::npos) {
        constexpr std::string_view usual = ".iam.gserviceaccount.com";
        if (!is_google_service_account(text)) {
            return fail(bad_role(text,
                                 "write the email of a Google service account, "
                                 "NAME@PROJECT.iam.gserviceaccount.com with a name of at most 30 "
                                 "lower-case letters, digits and -"));
        }
        std::string_view const domain = text.substr(at + 1);
        role.cloud_ = Cloud::Google;
        role.partition_ = "google";
        role.name_ = text.substr(0, at);
        role.account_ =
            domain.ends_with(usual) ? domain.substr(0, domain.size() - usual.size()) : domain;
        return role;
    }
    if (is_guid(text)) {
        role.cloud_ = Cloud::Azure;
        role.partition_ = "azure";
        role.name_ = text;
        return role;
    }
    return fail(bad_role(text,
                         "write what the Registry's type has, acs:ram::ACCOUNT:role/NAME, "
                         "arn:aws:iam::ACCOUNT:role/NAME, NAME@PROJECT.iam.gserviceaccount.com, or "
                         "an application's client ID in lower case"));
}

Result<RoleTemplate> RoleTemplate::parse(std::string_view text) {
    // Short values, so that only the admin's own part can break a length limit here.
    std::string const sample = expand_placeholders(text, "n", "c");
    if (std::size_t const brace = sample.find_first_of("{}"); brace != std::string::npos) {
        return fail(bad_role(text,
                             "it has a placeholder that is neither {cluster} nor {namespace}: "
                             "use one of these, or remove the braces"));
    }
    auto const role = Role::parse(sample);
    if (!role) {
        return fail(role.error());
    }
    RoleTemplate result;
    result.text_ = text;
    return result;
}

Result<Role> RoleTemplate::expand(std::string_view ns, std::string_view cluster) const {
    return Role::parse(expand_placeholders(text_, ns, cluster));
}

std::string expand_placeholders(std::string_view text, std::string_view ns,
                                std::string_view cluster) {
    struct Placeholder {
        std::string_view name;
        std::string_view value;
    };
    std::array<Placeholder, 2> const placeholders{{{"{namespace}", ns}, {"{cluster}", cluster}}};
    std::string out;
    while (!text.empty()) {
        auto const* const found =
            std::find_if(placeholders.begin(), placeholders.end(),
                         [text](Placeholder const& one) { return text.starts_with(one.name); });
        if (found != placeholders.end()) {
            out += found->value;
            text.remove_prefix(found->name.size());
        } else {
            out.push_back(text.front());
            text.remove_prefix(1);
        }
    }
    return out;
}

}  // namespace rt::tenancy
