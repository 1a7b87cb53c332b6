#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/base/random.hpp"
#include "lib/kube/client/client.hpp"

namespace rt::kube {

/// What a watcher tells. All calls come from the watcher's one thread, in order.
/// A Replace is the whole truth: what it does not hold no longer exists. Its items come without
/// metadata.managedFields unless asked for. What a handler throws is logged, and the type is listed
/// again.
struct WatchHandler {
    std::function<void(std::vector<Json> const& items)> on_replace;
    std::function<void(Json const& object)> on_upsert;
    std::function<void(Json const& object)> on_delete;  ///< last known state
};

struct WatcherOptions {
    ResourceType type;
    std::string field_selector{};
    std::string label_selector{};
    std::string ns{};
    bool metadata_only = false;
    bool managed_fields = false;  ///< keep metadata.managedFields in Replace items
    /// Applied to what a list brings before it is kept for the Replace: with large objects of which
    /// little is read, memory is that little. Must leave metadata as it is. Lists then come in
    /// pages always.
    std::function<void(Json& object)> reduce{};
    bool watch_list = true;  ///< try WatchList first; falls back by itself
    int page_size = 500;
    /// The first list is a quorum read ("") instead of "0": nothing older than what existed at
    /// start.
    bool quorum_first_list = true;
    /// How often a metadata-only quorum LIST proves the view (bounded staleness); 0 = never.
    std::chrono::seconds proof_interval{60};
};

/// LIST+WATCH of one resource type on its own thread: bookmarks, 410, back-off 800 ms to 30 s with
/// jitter, re-list, periodic proof (on a second thread). The same behaviour as client-go's
/// Reflector; its decisions are the pure function step() in watch_machine.hpp. Keeps no objects,
/// only keys and versions.
class Watcher {
  public:
    Watcher(Client& client, WatcherOptions options, WatchHandler handler, Clock& clock,
            Random& random);
    ~Watcher();  ///< stops and joins
    Watcher(Watcher const&) = delete;
    Watcher& operator=(Watcher const&) = delete;

    void start();
    /// The first complete list has been handed to the handler and processed by it. False again
    /// while the type itself does not exist (404).
    [[nodiscard]] bool synced() const;
    /// Blocks until synced; false where the stop came first.
    [[nodiscard]] bool wait_synced(std::stop_token stop) const;
    /// When the view was last proven complete: the start of the last quorum list, WatchList or
    /// proof LIST that agreed. (A list that may come from a cache proves nothing; the proof follows
    /// at once.) SteadyTime{} until then.
    [[nodiscard]] SteadyTime last_proof() const;
    /// The last failure while not synced or not proving; empty when all is well.
    [[nodiscard]] std::string trouble() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rt::kube
