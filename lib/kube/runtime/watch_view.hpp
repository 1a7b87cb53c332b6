#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::kube {

/// Which version of an object, in 40 bytes: the uid as a hash, because it is only ever compared.
struct Version {
    std::size_t uid = 0;
    std::string resource_version{};
    bool operator==(Version const&) const = default;
};

/// What a watcher has handed out: key and version of every object, never the object. It can be
/// compared with a fresh LIST, which is how a watch that silently stopped delivering is found (a
/// restored backup, a dead connection, a bug in a cache between). Thread-safe.
class WatchView {
  public:
    using Listing = std::unordered_map<ObjectKey, Version>;

    void replace(std::vector<Json> const& items, std::string const& resource_version);
    void upsert(Json const& object);
    void erase(Json const& object);
    /// A bookmark.
    void advance(std::string const& resource_version);
    [[nodiscard]] std::string resource_version() const;
    [[nodiscard]] std::size_t size() const;
    /// How often replace() was called: a proof during which it grew proves nothing, the LIST behind
    /// the replacement does.
    [[nodiscard]] std::uint64_t replacements() const;

    /// From here on, keys that change are remembered: a LIST that is under way may or may not have
    /// seen them.
    void begin_proof();
    void end_proof();
    /// What a LIST since begin_proof() shows to be wrong; empty where all is well. A key that
    /// changed since, or is newer here than there, is not wrong. `listed_at` is the LIST's
    /// resourceVersion.
    [[nodiscard]] std::optional<std::string> disagreement(Listing const& listed,
                                                          std::string const& listed_at) const;

    [[nodiscard]] static Version version_of(Json const& object);

  private:
    void saw(std::string const& resource_version);

    mutable std::mutex mutex_;
    Listing known_;
    std::string resource_version_;
    std::uint64_t replacements_ = 0;
    bool proving_ = false;
    std::unordered_map<ObjectKey, std::string> touched_;  ///< key to the version of its last change
};

}  // namespace rt::kube
