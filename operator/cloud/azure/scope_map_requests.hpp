#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"
#include "lib/tenancy/registry.hpp"
#include "operator/cloud/owner_marks.hpp"

/// Tokens of a registry and their scope maps, at Azure Resource Manager (REST API
/// Microsoft.ContainerRegistry, version 2023-07-01). A token and its scope map have one name.
namespace rt::op::azure {

/// rt-MARK-NAMESPACE-OWNER-SECONDS, the namespace shortened for people who read the registry's log;
/// Azure takes 5 to 50 letters, digits and dashes for both.
[[nodiscard]] std::string scope_map_name(std::string_view mark, std::string_view ns,
                                         std::string_view registry, WallTime issued_at);
/// nullopt: none of the cluster with this mark.
[[nodiscard]] std::optional<OwnedName> parse_scope_map_name(std::string_view name,
                                                            std::string_view mark);

/// What the descriptions of our scope maps begin with. Tokens have none.
inline constexpr std::string_view description_start = "registry-tenancy: ";

/// A registry at Resource Manager, and the token that is shown there.
struct ManagedRegistry {
    std::string url;  ///< https://HOST/subscriptions/.../registries/NAME
    std::string id;   ///< the same without scheme and host
    SecretString token;
};
[[nodiscard]] ManagedRegistry managed_registry(tenancy::AzureAcrSpec const& spec,
                                               SecretString token);

struct NewScopeMap {
    std::string name;
    std::string description;           ///< Azure takes 256 characters
    std::vector<std::string> actions;  ///< repositories/PATH/content/read
};
[[nodiscard]] http::Request put_scope_map_request(ManagedRegistry const& registry,
                                                  NewScopeMap const& scope_map);
/// An enabled token with the scope map of the same name.
[[nodiscard]] http::Request put_token_request(ManagedRegistry const& registry,
                                              std::string const& name);
/// POST generateCredentials: a new password1 of the token.
[[nodiscard]] http::Request generate_password_request(ManagedRegistry const& registry,
                                                      std::string const& name, WallTime expires_at);

[[nodiscard]] http::Request list_scope_maps_request(ManagedRegistry const& registry);
[[nodiscard]] http::Request delete_token_request(ManagedRegistry const& registry,
                                                 std::string const& name);
[[nodiscard]] http::Request delete_scope_map_request(ManagedRegistry const& registry,
                                                     std::string const& name);

/// GET of an address that Resource Manager itself named (Location, nextLink), with the token.
/// nullopt where it leads to another host: the token goes nowhere else.
[[nodiscard]] std::optional<http::Request> follow_request(ManagedRegistry const& registry,
                                                          std::string_view url);

}  // namespace rt::op::azure
