#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/random.hpp"

namespace rt::kube {

/// client-go's rate-limited, delaying, de-duplicating queue of string keys. A key is worked on by
/// one worker at a time; added meanwhile, it comes again afterwards. Of several delays the earliest
/// wins.
class WorkQueue {
  public:
    struct Options {
        std::chrono::milliseconds backoff_base{200};
        /// A credential cannot wait longer: full jitter below this.
        std::chrono::milliseconds backoff_max{60'000};
    };
    WorkQueue(Options options, Clock& clock, Random& random);
    ~WorkQueue();

    void add(std::string const& key);
    void add_after(std::string const& key, std::chrono::milliseconds delay);
    /// Exponential per key with full jitter; forget() resets it.
    void add_rate_limited(std::string const& key);
    void forget(std::string const& key);
    /// Blocks until a key is due; nullopt once the stop is requested.
    [[nodiscard]] std::optional<std::string> get(std::stop_token const& stop);
    void done(std::string const& key);
    [[nodiscard]] std::size_t depth() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rt::kube
