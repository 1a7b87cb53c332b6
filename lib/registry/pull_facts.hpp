#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::registry {

// What pulling needs, by type of registry. A new type has a line in each of these; what has none is
// taken for a registry that answers for itself: its token endpoint stands on its own host.

/// Whether a credential for `registry` may be shown to this token endpoint, which its host `host`
/// named: the pinned one (spec.realm), else what the type fixes, else only `host` itself.
[[nodiscard]] bool realm_allowed(tenancy::Registry const& registry, std::string_view host,
                                 std::string_view realm);

/// What a principal must be allowed, in the cloud's own words, to pull what `entry` names. No
/// actions: the type has no such policies.
struct Permission {
    std::vector<std::string> actions;
    std::string resource;
    std::string
        role{};  ///< the cloud's own role that has them; empty: it has none, or none so narrow
    bool operator==(Permission const&) const = default;
};
/// `account`: of the role, for Registries that name no owner.
[[nodiscard]] Permission pull_permission(tenancy::Registry const& registry,
                                         std::string_view account,
                                         tenancy::AllowEntry const& entry);

}  // namespace rt::registry
