#include "e2e/suite/soak/witness.hpp"

#include <algorithm>

#include "e2e/suite/soak/fleet.hpp"
#include "e2e/suite/soak/schedule.hpp"

namespace e2e::soak {
namespace {

/// What has become of a Secret whose credential has not ended; empty: it is still there.
std::string what_went(PullSecret const& before, Witness::Secrets const& secrets,
                      std::string const& ns, std::string const& keys) {
    auto const found = secrets.find(ns);
    if (found == secrets.end()) {
        return "no Secret";
    }
    if (found->second.uid != before.uid) {
        return "another Secret";
    }
    return found->second.keys() == keys ? "" : "the keys \"" + found->second.keys() + '"';
}

}  // namespace

void Witness::look(Secrets const& secrets, std::string const& now, std::string const& keys,
                   std::set<std::string> const& deleted_by_hand) {
    double const time = seconds_of(now);
    longest_gap_ = looks_++ == 0 ? 0 : std::max(longest_gap_, time - last_look_);
    last_look_ = time;
    for (auto const& [ns, before] : before_) {
        std::string const end = end_of(before);
        if (end <= now || deleted_by_hand.contains(before.uid)) {
            continue;
        }
        if (auto const what = what_went(before, secrets, ns, keys); !what.empty()) {
            lost_.push_back(ns + ": " + what + " at " + now + ", its credential ends " + end);
        }
    }
    for (auto const& [ns, secret] : secrets) {
        std::string const end = end_of(secret);
        if (end.empty()) {
            continue;
        }
        double const left = seconds_of(end) - time;
        if (left <= 0) {
            expired_.insert(ns);
        }
        if (!closest_ || left < closest_->seconds) {
            closest_ = {left, ns};
        }
    }
    before_ = secrets;
}

void Witness::refused(std::string const& ns, std::string const& now) {
    lost_.push_back(ns + ": the registry refuses its credential at " + now);
}

}  // namespace e2e::soak
