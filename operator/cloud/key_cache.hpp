#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "operator/cloud/keys.hpp"

namespace rt::op {

/// Keys of base identities, shared by all namespaces. Thread-safe; one fetch at a time for each
/// identity, so that one whose cloud hangs keeps nobody waiting but its own.
class KeyCache {
  public:
    struct Fetched {
        AccessKeys keys;
        SteadyTime refresh_at;
        SteadyTime usable_until;
    };
    using Fetch = std::function<Result<Fetched>()>;

    explicit KeyCache(Clock& clock) : clock_(clock) {}

    /// The keys of `identity`, fetched where they are due. Where that fails the keys at hand are
    /// used while they live; they are always those of the same identity, never of another.
    Result<AccessKeys> get(std::string const& identity, Fetch const& fetch);
    /// The cloud no longer takes these keys: the next get() fetches.
    void forget(std::string const& identity);

    /// `read` as it is to be kept: fetched again ten minutes before its end, or at half of a life
    /// under 20 minutes. Expired where it arrived so by the cloud's clock (by ours where it didn't
    /// say); `source` says from where.
    [[nodiscard]] Result<Fetched> dated(TemporaryKeys read, std::string_view source) const;

  private:
    struct Slot {
        std::mutex mutex;  ///< held during a fetch
        std::optional<Fetched> fetched;
    };

    Clock& clock_;
    std::mutex mutex_;  ///< of the map alone
    std::map<std::string, std::shared_ptr<Slot>> slots_;
};

}  // namespace rt::op
