#pragma once

#include <string>
#include <vector>

#include "lib/tenancy/policy.hpp"

namespace rt::cli {

/// What changes in one namespace, in words that are the same wherever the same changes.
struct PolicyDiff {
    std::vector<std::string> newly_denied;  ///< "registry.example.com/base/jdk (Registry shared)"
    std::vector<std::string> newly_allowed;
    std::vector<std::string> other;  ///< governance, enforcement, deprecation
    [[nodiscard]] bool empty() const {
        return newly_denied.empty() && newly_allowed.empty() && other.empty();
    }
    auto operator<=>(PolicyDiff const&) const = default;
};

/// Compares two policies of a namespace; null: not governed. A path that a broader entry still
/// covers is no change. `ungoverned_is_open`: the setting unmanagedNamespaces is Allow.
[[nodiscard]] PolicyDiff diff_policies(tenancy::NamespacePolicy const* before,
                                       tenancy::NamespacePolicy const* after,
                                       bool ungoverned_is_open);

}  // namespace rt::cli
