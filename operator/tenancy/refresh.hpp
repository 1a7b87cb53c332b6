#pragma once

#include <optional>
#include <string_view>

#include "lib/base/clock.hpp"
#include "operator/tenancy/records.hpp"

namespace rt::op {

/// When a credential's life asks for something. Pure; the jitter comes from a hash of what
/// identifies the credential, so that a restart computes the same times and a fleet's refreshes
/// stay spread.
struct RefreshTimes {
    WallTime refresh;   ///< at 50 % of life, +- 10 % of life
    WallTime degraded;  ///< at 75 %: a refresh should have succeeded long ago
    WallTime expiry;
};

/// nullopt for a credential without an end. `ns` makes the jitter differ between namespaces whose
/// credentials were minted in the same second.
[[nodiscard]] std::optional<RefreshTimes> refresh_times(CredentialRecord const& credential,
                                                        std::string_view ns);

}  // namespace rt::op
