#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"

namespace rt::op {

/// Tokens that come back at a steady rate, up to a burst.
class TokenBucket {
  public:
    TokenBucket(double per_second, double burst, SteadyTime now)
        : per_second_(per_second), burst_(burst), tokens_(burst), at_(now) {}

    /// Takes one and returns zero, or takes one in advance and returns how long until it is there.
    std::chrono::nanoseconds take(SteadyTime now);
    /// Takes one if there is one; else the time until there is.
    std::optional<std::chrono::nanoseconds> try_take(SteadyTime now);

    /// Used up of the burst: 0 none, 1 all; above that others have taken in advance.
    [[nodiscard]] double used(SteadyTime now);

  private:
    void refill(SteadyTime now);

    double per_second_;
    double burst_;
    double tokens_;
    SteadyTime at_;
};

/// Spreads mints over time: one bucket for all, one for each account (a cloud's quotas are per
/// account, shared with everything else that runs there). Who finds a bucket empty is given the
/// next free moment and comes back then, so that all wait in the order in which they came.
/// Thread-safe.
class MintBudget {
  public:
    MintBudget(double per_second, int burst, Clock& clock);

    /// nullopt: mint now. Else: come back after that time; the place in the queue is kept for
    /// `who`.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> ask(std::string const& who,
                                                              std::string const& account,
                                                              std::string const& role);
    /// A cloud told us to wait: nobody mints through this role before `duration` is over. Not the
    /// whole account: one tenancy's role must not be able to hold up the others.
    void pause(std::string const& role, std::chrono::nanoseconds duration);
    /// TokenBucket::used() of the bucket, of all or of one account, that is used up most.
    [[nodiscard]] double used();

  private:
    /// Places are kept this long after their time; then whoever held them asks anew.
    static constexpr std::chrono::minutes place_lifetime{5};
    static constexpr std::size_t places_max = 100'000;
    /// What one account may use of all: whatever goes on in one, the others are not kept waiting.
    static constexpr double account_share = 0.75;

    struct Place {
        SteadyTime at;
        bool of_all = false;  ///< else of the account: all's turn is still to come
    };
    std::optional<std::chrono::nanoseconds> queue(std::string const& who,
                                                  std::chrono::nanoseconds wait, bool of_all,
                                                  SteadyTime now);

    double per_second_;
    int burst_;
    Clock& clock_;
    std::mutex mutex_;
    TokenBucket all_;
    std::map<std::string, TokenBucket> accounts_;
    std::map<std::string, SteadyTime> paused_until_;
    std::map<std::string, Place> places_;
};

}  // namespace rt::op
