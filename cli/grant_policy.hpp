#pragma once

#include "lib/base/json.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::cli {

/// The policy that a RegistryGrant describes: what its namespace may pull, for those who may not
/// read tenancies. Lists that the grant cut to its bounds allow less, never more. Total.
[[nodiscard]] tenancy::NamespacePolicy policy_of_grant(Json const& grant);

}  // namespace rt::cli
