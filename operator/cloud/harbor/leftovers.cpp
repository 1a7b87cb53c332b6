#include "operator/cloud/harbor/leftovers.hpp"

#include <algorithm>

#include "operator/cloud/harbor/robot_name.hpp"

namespace rt::op::harbor {
namespace {

/// owner_mark() -> when each credential that it holds was issued.
using Held = std::map<std::string, std::set<WallTime>>;

Held by_owner(std::vector<HeldCredential> const& held) {
    Held result;
    for (HeldCredential const& one : held) {
        // The annotation has whole seconds, as names have.
        result[owner_mark(one.ns, one.registry)].insert(
            std::chrono::floor<std::chrono::seconds>(one.issued_at));
    }
    return result;
}

}  // namespace

std::vector<std::int64_t> Leftovers::may_go(std::vector<ListedRobot> const& robots,
                                            std::string_view mark,
                                            std::vector<HeldCredential> const& held,
                                            std::chrono::nanoseconds grace, WallTime wall_now,
                                            SteadyTime now) {
    Held const holders = by_owner(held);
    std::map<std::int64_t, Track> tracks;
    std::vector<std::int64_t> result;
    for (ListedRobot const& robot : robots) {
        auto const name = parse_robot_name(robot.name, mark);
        if (!name) {
            continue;
        }
        auto const before = tracks_.find(robot.id);
        Track track = before == tracks_.end() ? Track{} : before->second;
        auto const holder = holders.find(name->owner);
        bool const is_held = holder != holders.end() && holder->second.contains(name->issued_at);
        bool const superseded =
            holder != holders.end() && *holder->second.rbegin() > name->issued_at;
        if (is_held) {
            track = {true, std::nullopt};
        } else if (superseded || track.was_held || wall_now - name->issued_at > on_its_way_max) {
            track.unneeded_since = track.unneeded_since.value_or(now);
            if (now - *track.unneeded_since >= grace) {
                result.push_back(robot.id);
            }
        }
        tracks.emplace(robot.id, track);
    }
    tracks_ = std::move(tracks);
    return result;
}

std::size_t Leftovers::waiting() const {
    return static_cast<std::size_t>(
        std::count_if(tracks_.begin(), tracks_.end(),
                      [](auto const& one) { return one.second.unneeded_since.has_value(); }));
}

}  // namespace rt::op::harbor
