#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"

namespace rt::op::harbor {

/// What all robots of one cluster have in their names and nobody else's: from the UID of its
/// namespace kube-system, because clusterName is only as unique as its admins made it, and a sweep
/// must never take another cluster's robots for its own.
[[nodiscard]] std::string cluster_mark(std::string_view cluster_uid);

/// Whose credential a robot is: one Registry's in one namespace.
[[nodiscard]] std::string owner_mark(std::string_view ns, std::string_view registry);

/// What the name of a robot says.
struct RobotName {
    std::string owner;   ///< owner_mark()
    WallTime issued_at;  ///< whole seconds; the same as in the pull Secret's annotation
    bool operator==(RobotName const&) const = default;
};

/// rt.MARK.CLUSTER.NAMESPACE.OWNER.SECONDS: cluster and namespace, shortened to what Harbor takes,
/// for people who read Harbor's audit log; the marks for us. At most 140 bytes of Harbor's 255.
[[nodiscard]] std::string robot_name(std::string_view mark, std::string_view cluster,
                                     std::string_view ns, std::string_view registry,
                                     WallTime issued_at);

/// What all of a cluster's robots can be searched by.
[[nodiscard]] std::string robot_name_start(std::string_view mark);

/// Reads a name as Harbor shows it, after whatever prefix Harbor is set to. nullopt: no robot of
/// the cluster with this mark.
[[nodiscard]] std::optional<RobotName> parse_robot_name(std::string_view name,
                                                        std::string_view mark);

}  // namespace rt::op::harbor
