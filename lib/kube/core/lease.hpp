#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::kube {

/// The spec of a coordination.k8s.io/v1 Lease, as leader election uses it.
struct LeaseRecord {
    std::string holder{};  ///< empty: released
    std::chrono::seconds duration{0};
    std::optional<WallTime> acquire_time{};
    std::optional<WallTime> renew_time{};
    int transitions = 0;

    bool operator==(LeaseRecord const&) const = default;
};

/// Total: what is missing or of a wrong type is left at its default.
[[nodiscard]] LeaseRecord lease_record_of(Json const& lease);

/// A new Lease object of that name.
[[nodiscard]] Json make_lease(ObjectKey const& key, LeaseRecord const& record);

/// `lease` with that record; everything else in it (resourceVersion, labels, fields we do not know)
/// is kept, so that it can be PUT.
[[nodiscard]] Json with_record(Json lease, LeaseRecord const& record);

}  // namespace rt::kube
