#include "operator/cloud/harbor/robot_name.hpp"

#include <vector>

#include "lib/base/text.hpp"

namespace rt::op::harbor {
namespace {

constexpr std::size_t cluster_bytes_max = 32;
/// A namespace is a DNS label.
constexpr std::size_t namespace_bytes_max = 63;

}  // namespace

std::string robot_name_start(std::string_view mark) {
    return "rt." + std::string(mark) + '.';
}

std::string robot_name(std::string_view mark, std::string_view cluster, std::string_view ns,
                       std::string_view registry, WallTime issued_at) {
    return robot_name_start(mark) + name_part(cluster, cluster_bytes_max) + '.' +
           name_part(ns, namespace_bytes_max) + '.' + owner_mark(ns, registry) + '.' +
           seconds_part(issued_at);
}

std::optional<OwnedName> parse_robot_name(std::string_view name, std::string_view mark) {
    std::string const start = robot_name_start(mark);
    auto const at = name.find(start);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    // Cluster, namespace, owner, seconds.
    std::vector<std::string_view> const parts = split(name.substr(at + start.size()), '.');
    auto const issued_at = parts.size() == 4 ? parse_seconds_part(parts[3]) : std::nullopt;
    if (!issued_at || !is_mark(parts[2])) {
        return std::nullopt;
    }
    return OwnedName{std::string(parts[2]), *issued_at};
}

}  // namespace rt::op::harbor
