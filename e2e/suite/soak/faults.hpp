#pragma once

#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>

#include "e2e/suite/soak/fleet.hpp"

namespace e2e::soak {

/// What goes wrong during a soak, one thing after the other, for ever.
class Faults {
  public:
    explicit Faults(Fleet const& fleet) : fleet_(fleet) {}

    /// Does the next one to the end (what was stopped runs again); returns what it was.
    std::string next();
    /// How often each was done.
    [[nodiscard]] std::map<std::string, int> const& done() const { return done_; }
    /// UIDs of the Secrets that were deleted by hand. Thread-safe.
    [[nodiscard]] std::set<std::string> deleted_secrets() const {
        std::lock_guard const lock(mutex_);
        return deleted_secrets_;
    }

  private:
    void cloud_errors();
    void simulator_down();
    void api_server_restarted();
    void operator_killed();
    void leader_deleted();
    void secrets_deleted();

    Fleet const& fleet_;
    std::size_t turn_ = 0;
    std::map<std::string, int> done_;
    mutable std::mutex mutex_;
    std::set<std::string> deleted_secrets_;
    std::mt19937 random_{42};
};

}  // namespace e2e::soak
