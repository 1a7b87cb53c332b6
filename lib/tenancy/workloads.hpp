#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::tenancy {

/// An image that Pods of one namespace name.
struct RunningImage {
    std::string image;  ///< as written
    WallTime newest{};  ///< creation of the youngest of these Pods
    bool operator==(RunningImage const&) const = default;
};

/// What runs in a namespace though no tenancy allows it. Counts are of distinct images, and full;
/// the list is cut.
struct Workloads {
    enum class Kind {
        Denied,  ///< came in under the present tenancies: Warn, Audit, or rules made narrower
        Grandfathered,  ///< was there before a tenancy governed the namespace
        ByException,    ///< an exception allows it, until it ends
    };
    struct Entry {
        Kind kind = Kind::Denied;
        std::string image;
        std::string exception;  ///< with ByException
        auto operator<=>(Entry const&) const = default;
    };
    std::size_t denied = 0;
    std::size_t grandfathered = 0;
    std::size_t by_exception = 0;
    std::vector<Entry> images;  ///< by kind, then image; at most workload_images_max

    /// Everything that runs is allowed by tenancies.
    [[nodiscard]] bool empty() const { return denied + grandfathered + by_exception == 0; }
    bool operator==(Workloads const&) const = default;
};

/// Images listed per namespace; a terminal's screen full.
inline constexpr std::size_t workload_images_max = 20;

/// Judges what runs as admission would judge it today. `governed_since`: since when a tenancy
/// governs the namespace.
[[nodiscard]] Workloads judge_running(NamespacePolicy const& policy,
                                      std::span<RunningImage const> images,
                                      WallTime governed_since);

/// "Denied", "Grandfathered" or "ByException".
[[nodiscard]] std::string_view name_of(Workloads::Kind kind);

/// `workloads` of a RegistryGrant; null where there is nothing to tell.
[[nodiscard]] Json to_json(Workloads const& workloads);

}  // namespace rt::tenancy
