#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::tenancy {

/// One entry of a RegistryGrant's `problems`. Read by developers: no role ARNs, no external IDs.
struct GrantProblem {
    std::string registry;  ///< may be empty
    std::string tenancy;   ///< may be empty
    std::string reason;    ///< CamelCase
    std::string message;
    std::optional<WallTime> since;
    std::string exception{};  ///< may be empty
};

/// RegistryGrant/effective of a namespace, whole and ready for one server-side apply: the rules in
/// force and what is wrong, nothing that changes at a refresh. Lists and texts are cut to the
/// bounds of the CustomResourceDefinition; equal input gives equal bytes.
[[nodiscard]] Json effective_grant(NamespacePolicy const& policy,
                                   std::span<GrantProblem const> problems, std::string_view ns);

/// "shared-acr: cainiao/*, base/jdk; docker-hub: library/nginx", at most `bytes_max` bytes.
[[nodiscard]] std::string summary_of(NamespacePolicy const& policy, std::size_t bytes_max);

}  // namespace rt::tenancy
