#include "lib/kube/runtime/watch_machine.hpp"

#include <algorithm>

#include "lib/kube/core/status.hpp"
#include "lib/kube/runtime/backoff.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using Phase = WatchState::Phase;

// client-go's reflector: 800 ms doubling to 30 s, jitter 1.0 (the last interval is 30 to 60 s),
// reset after 2 quiet minutes. A full cluster of us costs an API server that comes back 0.22 lists
// a second.
constexpr std::chrono::milliseconds backoff_base = 800ms;
constexpr std::chrono::milliseconds backoff_limit = 30s;
constexpr std::chrono::minutes backoff_reset{2};
/// A watch that held for as long as the longest interval has recovered: its end is a new trouble.
/// Else an API server that restarts every two minutes leaves each view a minute behind.
constexpr std::chrono::seconds watch_held{30};

/// The next wait of a failing watcher; what the server asks for is a lower bound.
std::chrono::milliseconds back_off(WatchState& state, Error const& error, SteadyTime now,
                                   double uniform) {
    std::chrono::milliseconds const quiet =
        state.phase == Phase::Watching ? watch_held : backoff_reset;
    if (state.next_try.has_value() && now - *state.next_try > quiet) {
        state.failures = 0;
    }
    auto const wait =
        std::max(scaled(exponential(backoff_base, backoff_limit, state.failures), 1.0 + uniform),
                 error.retry_after.value_or(0ms));
    ++state.failures;
    state.next_try = now + wait;
    return wait;
}

void list_again(WatchState& state, std::string version) {
    state.phase = state.watch_list ? Phase::Streaming : Phase::Listing;
    state.list_version = std::move(version);
}

/// The network, or a server that is busy or restarting: the same watch can go on where it was.
bool passing(Error const& error) {
    return error.kind == ErrorKind::Unavailable || error.kind == ErrorKind::Throttled ||
           error.kind == ErrorKind::DeadlineExceeded;
}

/// True where the failure of a WatchList says "cannot", rather than "not now": a validation error,
/// or the server's own 500 within the stream where its storage lacks RequestWatchProgress.
bool cannot_watch_list(Error const& error) {
    if (error.kind == ErrorKind::InvalidArgument || error.kind == ErrorKind::Corrupt) {
        return true;
    }
    return error.http_status == 500;
}

WatchStep on_failure(WatchState state, watch_input::Failed const& failed, SteadyTime now,
                     double uniform) {
    Error const& error = failed.error;
    state.trouble = error.message;
    if (!failed.resource_version.empty()) {
        state.resource_version = failed.resource_version;
    }
    auto const wait = back_off(state, error, now, uniform);
    if (error.kind == ErrorKind::NotFound) {
        // The type itself is gone or not there yet: what was handed out says nothing any more.
        state.synced = false;
        list_again(state, "");
    } else if (error.kind == ErrorKind::Expired ||
               error.code == codes::resource_version_too_large) {
        list_again(state, "");
    } else if (state.phase == Phase::Streaming && cannot_watch_list(error)) {
        state.watch_list = false;
        list_again(state, state.list_version);
        return {std::move(state), 0ms};
    } else if (state.phase == Phase::Watching && !passing(error)) {
        list_again(state, state.resource_version);
    }
    return {std::move(state), wait};
}

}  // namespace

std::string to_string(WatchState const& state) {
    auto const quoted = [](std::string const& version) { return "\"" + version + "\""; };
    std::string text;
    switch (state.phase) {
        case Phase::Listing:
            text = "Listing at " + quoted(state.list_version);
            break;
        case Phase::Streaming:
            text = "Streaming";
            break;
        case Phase::Watching:
            text = "Watching from " + quoted(state.resource_version);
            break;
    }
    text += state.synced ? ", synced" : ", not synced";
    if (!state.watch_list) {
        text += ", no WatchList";
    }
    if (state.failures > 0) {
        text += ", failures " + std::to_string(state.failures);
    }
    return state.trouble.empty() ? text : text + ": " + state.trouble;
}

WatchState first_state(bool watch_list, bool quorum_first_list) {
    WatchState state;
    state.watch_list = watch_list;
    list_again(state, quorum_first_list ? "" : "0");
    return state;
}

WatchStep step(WatchState state, WatchInput const& input, SteadyTime now, double uniform) {
    if (auto const* listed = std::get_if<watch_input::Listed>(&input)) {
        // A WatchList stream goes on as the watch; the thread reports its end from this state on.
        state.phase = Phase::Watching;
        state.resource_version = listed->resource_version;
        state.synced = true;
        state.trouble.clear();
        return {std::move(state), 0ms};
    }
    if (auto const* ended = std::get_if<watch_input::Ended>(&input)) {
        bool const regular = !ended->very_short && state.phase == Phase::Watching;
        if (!ended->resource_version.empty()) {
            state.resource_version = ended->resource_version;
        }
        if (regular) {
            state.trouble.clear();
            return {std::move(state), 0ms};
        }
        Error const error{ErrorKind::Unavailable, state.phase == Phase::Streaming
                                                      ? "the stream ended before its initial events"
                                                      : "the watch ended at once"};
        return on_failure(std::move(state), {error, {}}, now, uniform);
    }
    if (auto const* failed = std::get_if<watch_input::Failed>(&input)) {
        return on_failure(std::move(state), *failed, now, uniform);
    }
    if (std::holds_alternative<watch_input::StreamStalled>(input)) {
        state.watch_list = false;
        list_again(state, state.list_version);
        return {std::move(state), 0ms};
    }
    auto const& proof = std::get<watch_input::ProofFailed>(input);
    list_again(state, "");
    Error const error{ErrorKind::Corrupt, proof.reason};
    state.trouble = proof.reason;
    auto const wait = back_off(state, error, now, uniform);
    return {std::move(state), wait};
}

}  // namespace rt::kube
