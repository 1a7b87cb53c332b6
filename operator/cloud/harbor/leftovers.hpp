#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "operator/cloud/harbor/responses.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::harbor {

/// A robot that no pull Secret was ever seen to hold may be on its way into one: a mint is followed
/// by those of the namespace's other registries, each of which may take a minute. Later than this
/// it was lost (its answer, or the write of the Secret).
inline constexpr std::chrono::hours on_its_way_max{1};

/// Which of a cluster's robots at one Harbor nobody needs any more. Remembers from one sweep to the
/// next what it saw; losing that memory only means waiting for the grace anew.
class Leftovers {
  public:
    /// `robots`: all whose name holds the cluster's mark; what is not this cluster's is passed
    /// over. `held`: what the cluster's pull Secrets hold, read before the robots were listed. A
    /// robot may go once it was seen for the grace to be held by none: because a newer one of its
    /// owner is, because it was and no longer is, or because it never was and is too old to be on
    /// its way. Returns the IDs of those that may go now, in order.
    std::vector<std::int64_t> may_go(std::vector<ListedRobot> const& robots, std::string_view mark,
                                     std::vector<HeldCredential> const& held,
                                     std::chrono::nanoseconds grace, WallTime wall_now,
                                     SteadyTime now);
    /// Robots that are unneeded, but not for long enough.
    [[nodiscard]] std::size_t waiting() const;

  private:
    struct Track {
        bool was_held = false;
        std::optional<SteadyTime> unneeded_since;
    };
    std::map<std::int64_t, Track> tracks_;
};

}  // namespace rt::op::harbor
