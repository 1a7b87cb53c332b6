#include "lib/kube/core/resource_version.hpp"

#include <algorithm>

namespace rt::kube {

bool well_formed_resource_version(std::string_view version) {
    return !version.empty() && version.front() != '0' &&
           std::ranges::all_of(version, [](char digit) { return digit >= '0' && digit <= '9'; });
}

std::optional<std::strong_ordering> compare_resource_versions(std::string_view left,
                                                              std::string_view right) {
    if (!well_formed_resource_version(left) || !well_formed_resource_version(right)) {
        return std::nullopt;
    }
    if (left.size() != right.size()) {
        return left.size() <=> right.size();
    }
    return left.compare(right) <=> 0;
}

bool at_least_resource_version(std::string_view version, std::string_view than) {
    if (version == than) {
        return true;
    }
    auto const order = compare_resource_versions(version, than);
    return order.has_value() && *order > 0;
}

}  // namespace rt::kube
