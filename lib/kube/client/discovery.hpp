#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/kube/client/client.hpp"

namespace rt::kube {

/// A kind as people name it without a version.
struct GroupResource {
    std::string group;
    std::string resource;  ///< plural
    auto operator<=>(GroupResource const&) const = default;
};

/// One answer per element of `wanted`, in its order: the type in the version that the server
/// prefers, or in another one where that hasn't it; nullopt where the server does not serve it.
/// Asks for each group once and for a version until its kinds are found
/// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api). Groups of the core
/// API ("") are not looked for.
[[nodiscard]] Result<std::vector<std::optional<ResourceType>>> discover(
    Client& client, std::vector<GroupResource> const& wanted, std::stop_token const& stop);

}  // namespace rt::kube
