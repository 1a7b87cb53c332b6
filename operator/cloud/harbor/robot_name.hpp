#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/cloud/owner_marks.hpp"

namespace rt::op::harbor {

/// rt.MARK.CLUSTER.NAMESPACE.OWNER.SECONDS: cluster and namespace, shortened to what Harbor takes,
/// for people who read Harbor's audit log; the marks for us. At most 140 bytes of Harbor's 255.
[[nodiscard]] std::string robot_name(std::string_view mark, std::string_view cluster,
                                     std::string_view ns, std::string_view registry,
                                     WallTime issued_at);

/// What all of a cluster's robots can be searched by.
[[nodiscard]] std::string robot_name_start(std::string_view mark);

/// Reads a name as Harbor shows it, after whatever prefix Harbor is set to. nullopt: no robot of
/// the cluster with this mark.
[[nodiscard]] std::optional<OwnedName> parse_robot_name(std::string_view name,
                                                        std::string_view mark);

}  // namespace rt::op::harbor
