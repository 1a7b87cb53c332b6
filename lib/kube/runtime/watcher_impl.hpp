#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "lib/kube/runtime/backoff.hpp"
#include "lib/kube/runtime/initial_list.hpp"
#include "lib/kube/runtime/waker.hpp"
#include "lib/kube/runtime/watch_machine.hpp"
#include "lib/kube/runtime/watch_view.hpp"
#include "lib/kube/runtime/watcher.hpp"

namespace rt::kube {

/// The watcher's two threads and what they share. Only for watcher.cpp and watcher_proof.cpp.
struct Watcher::Impl {
    Impl(Client& api, WatcherOptions watcher_options, WatchHandler watch_handler,
         Clock& watcher_clock, Random& watcher_random)
        : client(api),
          options(std::move(watcher_options)),
          handler(std::move(watch_handler)),
          clock(watcher_clock),
          random(watcher_random),
          state(first_state(options.watch_list, options.quorum_first_list)) {}

    // The watching thread (watcher.cpp).
    void run(std::stop_token const& stop);
    std::optional<WatchInput> perform(std::stop_token const& stop);
    WatchInput list(std::stop_token const& stop);
    WatchInput watch(std::stop_token const& stop);
    void on_event(WatchEvent const& event);
    void on_initial_event(WatchEvent const& event, SteadyTime started);
    void hand_out(std::vector<Json> const& items, std::string const& version);
    void listed(std::string const& version, bool quorum, SteadyTime started);
    void apply(WatchStep next, std::stop_token const& stop);

    // The proving thread (watcher_proof.cpp); also finds a stream that never begins.
    void prove_loop(std::stop_token const& stop);
    SteadyTime next_check();
    void prove(std::stop_token const& stop);
    Result<std::pair<WatchView::Listing, std::string>> read_versions(std::stop_token const& stop);
    void settle_proof(SteadyTime due, std::string trouble, std::optional<SteadyTime> proven);
    void restart(std::string reason);

    std::chrono::nanoseconds jittered(std::chrono::milliseconds interval) {
        return scaled(interval, 0.9 + 0.2 * random.uniform());
    }

    Client& client;
    WatcherOptions const options;
    WatchHandler const handler;
    Clock& clock;
    Random& random;
    WatchView view;

    // Only the watching thread.
    WatchState state;
    InitialList initial;
    std::size_t events = 0;

    // Shared, under the mutex.
    mutable std::mutex mutex;
    mutable std::condition_variable_any became_synced;
    bool synced = false;
    std::string watch_trouble;
    std::string proof_trouble;
    SteadyTime proven_at{};
    SteadyTime proof_due = Waker::never;
    std::optional<SteadyTime> stream_event_at;  ///< while initial events are awaited
    std::stop_source call;                      ///< ends the call that is under way
    std::optional<std::string> restart_reason;
    bool stalled = false;

    Waker waker;
    std::jthread watching;
    std::jthread proving;
};

}  // namespace rt::kube
