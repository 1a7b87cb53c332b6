#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op {

/// What a mint made outside the cluster (Harbor's robot, Azure's scope map with its token): whose
/// it is and since when, as its name says.
struct Leftover {
    std::string id;     ///< by which the registry deletes it
    std::string owner;  ///< owner_mark()
    WallTime issued_at;
};

/// What no pull Secret was ever seen to hold may be on its way into one: a mint is followed
/// by those of the namespace's other registries, each of which may take a minute. Later than this
/// it was lost (its answer, or the write of the Secret).
inline constexpr std::chrono::hours on_its_way_max{1};

/// Which of what a cluster made at one registry nobody needs any more. Remembers from one sweep to
/// the next what it saw; losing that memory only means waiting for the grace anew.
class Leftovers {
  public:
    /// `all`: everything of this cluster's, and of no other's. `held`: what the cluster's pull
    /// Secrets hold, read before `all` was listed. One may go once it was seen for the grace to be
    /// held by none: because a newer one of its owner is, because it was and no longer is, or
    /// because it never was and is too old to be on its way. Returns the IDs of those that may go
    /// now, in order.
    std::vector<std::string> may_go(std::vector<Leftover> const& all,
                                    std::vector<HeldCredential> const& held,
                                    std::chrono::nanoseconds grace, WallTime wall_now,
                                    SteadyTime now);
    /// Those that are unneeded, but not for long enough.
    [[nodiscard]] std::size_t waiting() const;

  private:
    struct Track {
        bool was_held = false;
        std::optional<SteadyTime> unneeded_since;
    };
    std::map<std::string, Track> tracks_;
};

/// The sweeps of one registry type. Thread-safe.
class Sweeper {
  public:
    /// Deletes one by its ID; false: the registry is still at it, and the next sweep takes the
    /// rest.
    using Remove = std::function<Result<bool>(std::string const& id)>;

    explicit Sweeper(Clock& clock) : clock_(clock) {}
    /// Deletes those of `all` that may go, `deletions_max` at most: what is left goes with the
    /// next. The first deletion that fails ends it. `all`: as for Leftovers::may_go, at `url`,
    /// because IDs of one server mean nothing at another.
    Result<SweepResult> sweep(SweepRequest const& request, std::string const& url,
                              std::vector<Leftover> const& all, std::size_t deletions_max,
                              Remove const& remove);

  private:
    Clock& clock_;
    std::mutex mutex_;
    /// By Registry and URL. Guarded by mutex_.
    std::map<std::string, Leftovers> leftovers_;
};

}  // namespace rt::op
