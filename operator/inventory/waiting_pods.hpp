#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"

namespace rt::op {

/// A Pod that waits because images cannot be pulled, and of which nothing has ever run.
struct WaitingPod {
    std::string name;
    std::string uid;
    std::string resource_version;
    WallTime created{};
    std::vector<std::string> images{};  ///< that cannot be pulled, sorted, each once
    bool names_secret = false;          ///< it names the pull Secret
    bool replaceable = false;           ///< a controller makes another one, and it is no mirror Pod
    bool operator==(WaitingPod const&) const = default;
};

/// Adds to what reduce_pod() leaves of a Pod what reading it as a WaitingPod needs; nothing where
/// it does not wait for an image.
void keep_waiting(Json const& pod, Json& reduced);

/// The Pod as one that waits; without images where it does not, or has run before.
[[nodiscard]] WaitingPod read_waiting(Json const& pod);

/// The Pods that wait for images, fed by the inventory's watch. Few at any time: those of
/// namespaces in trouble. Thread-safe.
class WaitingPods {
  public:
    using OnChange = std::function<void(std::vector<std::string> const& namespaces)>;
    /// `on_change` hears of namespaces where a Pod began to wait; called from the watcher's thread,
    /// never under a lock.
    explicit WaitingPods(OnChange on_change) : on_change_(std::move(on_change)) {}

    void replace(std::vector<Json> const& pods);
    void upsert(Json const& pod);
    void remove(Json const& pod);

    [[nodiscard]] std::vector<WaitingPod> of(std::string const& ns) const;
    [[nodiscard]] bool any(std::string const& ns) const;

    /// What is remembered of a waiting Pod while it waits.
    struct Mark {
        bool seen_without = false;  ///< it waited while there was no credential for it
        bool told = false;
    };
    [[nodiscard]] Mark mark_of(std::string const& uid) const;
    void mark(std::string const& uid, Mark mark);

  private:
    /// Pods that wait at once and are remembered; beyond, Events are missing and nothing else.
    static constexpr std::size_t pods_max = 10'000;
    using Pods = std::map<std::string, WaitingPod>;  ///< by name

    bool put(std::unordered_map<std::string, Pods>& into, Json const& pod);
    void forget_marks();

    OnChange on_change_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Pods> namespaces_;
    std::unordered_map<std::string, Mark> marks_;  ///< by uid
    std::size_t count_ = 0;
};

}  // namespace rt::op
