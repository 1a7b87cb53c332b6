#pragma once

#include <span>
#include <string>

#include "lib/base/result.hpp"
#include "lib/tenancy/names.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// STS AssumeRole: "The size of Policy must be smaller than 2048 bytes."
inline constexpr std::size_t acr_session_policy_bytes_max = 2048;

/// The inline policy of AssumeRole that narrows a session to `allow` of one ACR instance: it
/// repeats cr:GetAuthorizationToken (or minting is refused) and allows cr:PullRepository on the
/// listed paths. `account` is the account that owns the instance (the role's). InvalidArgument with
/// the size where it exceeds the cloud's limit; it is never widened to fit.
[[nodiscard]] Result<std::string> acr_session_policy(AlibabaAcrSpec const& instance,
                                                     std::string_view account,
                                                     std::span<AllowEntry const> allow);

}  // namespace rt::tenancy
