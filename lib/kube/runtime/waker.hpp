#pragma once

#include <mutex>
#include <stop_token>
#include <utility>

#include "lib/base/clock.hpp"

namespace rt::kube {

/// Lets one thread sleep on a Clock until a deadline while others can wake it. A wake that comes
/// while nobody sleeps is remembered.
class Waker {
  public:
    /// Thread-safe.
    void wake() {
        // Outside the lock: request_stop() runs the sleeper's callbacks.
        current().request_stop();
    }

    /// Returns when woken, at `deadline`, or when `stop` is requested. For one thread only.
    void sleep_until(Clock& clock, SteadyTime deadline, std::stop_token stop) {
        std::stop_callback const forward(std::move(stop), [this] { wake(); });
        clock.sleep_until(deadline, current().get_token());
        std::lock_guard const lock(mutex_);
        if (source_.stop_requested()) {
            source_ = std::stop_source();
        }
    }

    /// For a sleep with nothing to wait for but a wake.
    static constexpr SteadyTime never = SteadyTime::max();

  private:
    [[nodiscard]] std::stop_source current() {
        std::lock_guard const lock(mutex_);
        return source_;
    }

    std::mutex mutex_;
    std::stop_source source_;
};

}  // namespace rt::kube
