#pragma once

#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "e2e/suite/soak/fleet.hpp"

namespace e2e::soak {

/// A fault that came about; times in seconds since 1970.
struct Injected {
    std::string kind;
    double begin = 0;
    double end = 0;             ///< what was stopped ran again, and one led
    bool stops_writes = false;  ///< what was minted just then may never reach its Secret
};

/// What goes wrong during a soak, one thing after the other, for ever.
class Faults {
  public:
    explicit Faults(Fleet const& fleet);

    /// Does the next one to the end (what was stopped runs again, the operator has a leader).
    /// Throws std::runtime_error where
    /// it could not be brought about; such a one counts nowhere.
    Injected next();
    /// How often each kind came about; every kind is there.
    [[nodiscard]] std::map<std::string, int> counts() const;
    [[nodiscard]] std::vector<Injected> const& history() const { return history_; }
    /// Namespace -> when its Secret was deleted by hand, in order.
    [[nodiscard]] std::map<std::string, std::vector<double>> const& deletions() const {
        return deletions_;
    }
    /// UIDs of the Secrets that were deleted by hand. Thread-safe.
    [[nodiscard]] std::set<std::string> deleted_secrets() const {
        std::lock_guard const lock(mutex_);
        return deleted_secrets_;
    }

  private:
    struct Kind {
        char const* name;
        bool stops_writes;
        void (Faults::*act)();
    };
    static std::vector<Kind> const& kinds();
    void cloud_errors();
    void sts_down();
    void acr_down();
    void api_server_restarted();
    void operator_killed();
    void leader_deleted();
    void secrets_deleted();

    Fleet const& fleet_;
    std::size_t turn_ = 0;
    int api_restarts_ = 0;
    std::vector<Injected> history_;
    std::map<std::string, std::vector<double>> deletions_;
    mutable std::mutex mutex_;
    std::set<std::string> deleted_secrets_;
    std::mt19937 random_{42};
};

/// Now, in seconds since 1970.
double wall_seconds();

}  // namespace e2e::soak
