#pragma once

#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/tenancy/policy.hpp"
#include "operator/tenancy/records.hpp"

namespace rt::op {

/// RegistryGrant `effective` for one server-side apply.
[[nodiscard]] Json render_grant(std::string const& ns, tenancy::NamespacePolicy const& policy,
                                std::vector<GrantProblem> const& problems);

/// Gives each problem the time at which `before` first told of it, else `now`; sorts, and tells
/// each once. Neither order nor repetition may make a grant differ: it would be written for
/// nothing.
[[nodiscard]] std::vector<GrantProblem> with_since(std::vector<GrantProblem> problems,
                                                   std::vector<GrantProblem> const& before,
                                                   WallTime now);

}  // namespace rt::op
