#include "operator/cloud/leftovers.hpp"

#include <algorithm>

#include "operator/cloud/owner_marks.hpp"

namespace rt::op {
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

std::vector<std::string> Leftovers::may_go(std::vector<Leftover> const& all,
                                           std::vector<HeldCredential> const& held,
                                           std::chrono::nanoseconds grace, WallTime wall_now,
                                           SteadyTime now) {
    Held const holders = by_owner(held);
    std::map<std::string, Track> tracks;
    std::vector<std::string> result;
    for (Leftover const& one : all) {
        auto const before = tracks_.find(one.id);
        Track track = before == tracks_.end() ? Track{} : before->second;
        auto const holder = holders.find(one.owner);
        bool const is_held = holder != holders.end() && holder->second.contains(one.issued_at);
        bool const superseded = holder != holders.end() && *holder->second.rbegin() > one.issued_at;
        if (is_held) {
            track = {true, std::nullopt};
        } else if (superseded || track.was_held || wall_now - one.issued_at > on_its_way_max) {
            track.unneeded_since = track.unneeded_since.value_or(now);
            if (now - *track.unneeded_since >= grace) {
                result.push_back(one.id);
            }
        }
        tracks.emplace(one.id, track);
    }
    tracks_ = std::move(tracks);
    return result;
}

std::size_t Leftovers::waiting() const {
    return static_cast<std::size_t>(
        std::count_if(tracks_.begin(), tracks_.end(),
                      [](auto const& one) { return one.second.unneeded_since.has_value(); }));
}

Result<SweepResult> Sweeper::sweep(SweepRequest const& request, std::string const& url,
                                   std::vector<Leftover> const& all, std::size_t deletions_max,
                                   Remove const& remove) {
    SweepResult result;
    std::vector<std::string> unneeded;
    {
        std::lock_guard const lock(mutex_);
        Leftovers& leftovers = leftovers_[request.registry->meta.name + '\n' + url];
        unneeded = leftovers.may_go(all, request.held, request.grace, clock_.wall_now(),
                                    clock_.steady_now());
        result.waiting = leftovers.waiting() - unneeded.size();
    }
    std::size_t const now = std::min(unneeded.size(), deletions_max);
    result.waiting += unneeded.size() - now;
    for (std::size_t i = 0; i < now; ++i) {
        RT_TRY(bool const gone, remove(unneeded[i]));
        ++(gone ? result.removed : result.waiting);
    }
    return result;
}

}  // namespace rt::op
