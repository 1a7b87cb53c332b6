#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/workloads.hpp"

namespace rt::op {

/// Leaves of a Pod what RunningImages reads: its name, creation, phase and the fields that name
/// images; of one that waits for an image what WaitingPods reads, too. For WatcherOptions::reduce.
void reduce_pod(Json& pod);

/// Which images run in which namespace, fed by one watch on Pods. Keeps each distinct image of a
/// namespace once, and of a Pod its name, creation and which images they are. Thread-safe.
class RunningImages {
  public:
    using OnChange = std::function<void(std::vector<std::string> const& namespaces)>;
    /// `on_change` hears of namespaces in which an image or a Pod came, or an image went; it is
    /// called from the watcher's thread, never under a lock.
    explicit RunningImages(OnChange on_change) : on_change_(std::move(on_change)) {}

    void replace(std::vector<Json> const& pods);
    void upsert(Json const& pod);
    void remove(Json const& pod);

    /// The first complete list has been read. Before that nothing can be said.
    [[nodiscard]] bool complete() const;
    /// Sorted by image.
    [[nodiscard]] std::vector<tenancy::RunningImage> of(std::string const& ns) const;

  private:
    using Images = std::map<std::string, std::size_t>;  ///< how many Pods name it
    struct Pod {
        WallTime created{};
        std::vector<Images::iterator> images;
    };
    struct Namespace {
        Namespace() = default;
        Namespace(Namespace const&) = delete;  // a copy's Pods would point into the original
        Namespace& operator=(Namespace const&) = delete;

        Images images;
        std::unordered_map<std::string, Pod> pods;

        /// True where an image or the Pod is new, or an image has gone.
        bool put(Json const& pod);
        bool drop(std::string const& pod);
        [[nodiscard]] std::vector<tenancy::RunningImage> running() const;
    };
    using Namespaces = std::unordered_map<std::string, Namespace>;

    OnChange on_change_;
    mutable std::mutex mutex_;
    Namespaces namespaces_;
    bool complete_ = false;
};

}  // namespace rt::op
