#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>

#include "lib/base/clock.hpp"

namespace rt::test {

/// A clock that moves only when told to. Sleepers wake when advance() reaches their deadline, so a
/// test of an hour's schedule takes microseconds and cannot flake. Thread-safe.
class FakeClock final : public Clock {
  public:
    /// Starts at 2026-01-02T03:04:05Z, or at `start`.
    FakeClock();
    explicit FakeClock(WallTime start);

    [[nodiscard]] WallTime wall_now() const override;
    [[nodiscard]] SteadyTime steady_now() const override;
    bool sleep_until(SteadyTime deadline, std::stop_token stop) override;

    /// Moves both clocks forward and wakes the sleepers whose time has come.
    void advance(std::chrono::nanoseconds duration);
    /// Moves the calendar only, as a clock correction does.
    void set_wall(WallTime now);

    /// Blocks until at least `count` threads sleep on this clock; false after 30 s of real time,
    /// which only a broken test reaches.
    [[nodiscard]] bool wait_for_sleepers(int count);
    /// How many threads sleep, those included that are due and have not woken yet.
    [[nodiscard]] int sleepers() const;
    /// The earliest deadline slept for, or SteadyTime::max() where nobody sleeps.
    [[nodiscard]] SteadyTime next_deadline() const;

  private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    WallTime wall_;
    SteadyTime steady_{std::chrono::hours(1)};
    std::multiset<SteadyTime> sleepers_;
};

}  // namespace rt::test
