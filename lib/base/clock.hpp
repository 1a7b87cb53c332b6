#pragma once

#include <chrono>
#include <stop_token>

namespace rt {

/// Calendar time (UTC), for timestamps and expiry.
using WallTime = std::chrono::system_clock::time_point;

/// Time that only moves forward and counts suspends (CLOCK_BOOTTIME); for deadlines and leases.
struct BootClock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};
using SteadyTime = BootClock::time_point;

/// The only door to time. Everything takes it by reference; tests pass a fake (unit/support).
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    [[nodiscard]] virtual SteadyTime steady_now() const = 0;
    /// Waits until `deadline` or a stop request, whichever comes first.
    /// Returns false where the stop came first.
    virtual bool sleep_until(SteadyTime deadline, std::stop_token stop) = 0;

    bool sleep_for(std::chrono::nanoseconds duration, std::stop_token stop) {
        return sleep_until(steady_now() + duration, std::move(stop));
    }
};

/// The machine's clock. Thread-safe.
[[nodiscard]] Clock& system_clock();

}  // namespace rt
