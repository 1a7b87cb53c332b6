#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry.hpp"

/// What the blocks of several clouds have in common.
namespace rt::tenancy {

/// One way to be somebody at a cloud, and the block that says more about it.
struct IdentityBlock {
    Identity::Type type;
    /// Reads the members of the block into the identity; nullptr: this type has no block here.
    void (*read)(FieldReader& block, Identity& identity);
    bool required = true;  ///< the block, where `type` is chosen
};

/// Reads an identity of one of the types that `blocks` lists.
[[nodiscard]] Identity read_identity(FieldReader& parent, std::span<IdentityBlock const> blocks,
                                     FieldErrors& errors);
[[nodiscard]] Json identity_json(Identity const& identity);

/// accessKey: {secretName}, the same at every cloud.
void read_access_key(FieldReader& block, Identity& identity);
/// A Secret in the operator's namespace.
[[nodiscard]] std::string read_secret_name(FieldReader& reader);
/// A GUID in lower case, empty where absent.
[[nodiscard]] std::string read_guid(FieldReader& reader, std::string_view key,
                                    std::string_view what);

/// The account in the ARN of an OIDC provider of Alibaba Cloud; empty where there is none.
[[nodiscard]] std::string_view account_of_provider(Identity const& identity);

/// instanceRole: {roleName}, as Alibaba Cloud and AWS have it.
struct RoleNameRules {
    std::string_view kind;         ///< RAM, IAM
    std::string_view punctuation;  ///< allowed besides letters and digits
    std::string_view characters;   ///< the same in words
};
void read_role_name(FieldReader& block, Identity& identity, RoleNameRules const& rules);

/// Reports a block that its discriminator does not want, or the lack of one that it needs.
void check_block(FieldReader& reader, std::string_view key, bool present, bool wanted,
                 bool required, std::string_view type, std::string_view owner);

[[nodiscard]] bool is_number(std::string_view text, std::size_t digits_min, std::size_t digits_max);
/// Lower-case alphanumeric words joined by single dashes, at least `words_min` of them.
[[nodiscard]] bool is_dashed(std::string_view text, std::size_t words_min);
/// https://HOST[:PORT][/PATH] without user, query and fragment.
[[nodiscard]] bool is_https_url(std::string_view url);

}  // namespace rt::tenancy
