#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"

namespace rt::kube {

/// Where a watcher stands: what it does next, and all that this depends on. A value; the machine
/// below is the whole of the watcher's behaviour, and pure.
struct WatchState {
    enum class Phase {
        Listing,    ///< next: LIST at `list_version`
        Streaming,  ///< next: WatchList, that is a watch that begins with all objects (KEP-3157)
        Watching,   ///< next: WATCH from `resource_version`
    };
    Phase phase = Phase::Listing;
    std::string list_version{};      ///< "" = quorum read, "0" = anything, else not older than this
    std::string resource_version{};  ///< the last one seen
    bool watch_list = true;          ///< false for good once the server could not do it
    bool synced = false;             ///< what was handed out is the whole of the type
    unsigned failures = 0;           ///< since the last quiet time, for the back-off
    std::optional<SteadyTime> next_try{};  ///< when the wait after the last failure ends
    std::string trouble{};                 ///< the last failure while it lasts

    bool operator==(WatchState const&) const = default;
};

/// "Watching from 120, synced" and alike, for logs and failed tests.
[[nodiscard]] std::string to_string(WatchState const& state);

/// What happened to the call that the phase stood for.
namespace watch_input {
/// A LIST, or the initial events of a WatchList, is complete and has been processed.
struct Listed {
    std::string resource_version;
};
/// The server ended a watch in the regular way, or the connection ended between two events.
struct Ended {
    std::string resource_version;  ///< the last one seen
    bool very_short = false;       ///< under a second and without an event
};
/// LIST, WatchList or WATCH failed; `resource_version` is the last one seen.
struct Failed {
    Error error;
    std::string resource_version{};
};
/// No end of the initial events within the time limit: the server does not know sendInitialEvents.
struct StreamStalled {};
/// The view was proven wrong, and did not heal by itself.
struct ProofFailed {
    std::string reason;
};
}  // namespace watch_input

using WatchInput = std::variant<watch_input::Listed, watch_input::Ended, watch_input::Failed,
                                watch_input::StreamStalled, watch_input::ProofFailed>;

/// The state to go on with, after waiting.
struct WatchStep {
    WatchState state;
    std::chrono::milliseconds wait{0};
};

[[nodiscard]] WatchState first_state(bool watch_list, bool quorum_first_list);

/// `uniform` in [0, 1) is the jitter of this step's back-off.
[[nodiscard]] WatchStep step(WatchState state, WatchInput const& input, SteadyTime now,
                             double uniform);

}  // namespace rt::kube
