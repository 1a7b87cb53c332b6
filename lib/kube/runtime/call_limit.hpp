#pragma once

#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "lib/base/clock.hpp"
#include "lib/kube/runtime/waker.hpp"

namespace rt::kube {

/// Gives blocking calls a limit on an injected clock, one call at a time: the token of arm() is
/// stopped at the deadline unless disarm() comes first. One thread for the life of this object.
class CallLimit {
  public:
    explicit CallLimit(Clock& clock)
        : clock_(clock), watcher_([this](std::stop_token const& stop) { run(stop); }) {}

    [[nodiscard]] std::stop_token arm(SteadyTime deadline) {
        auto token = [&] {
            std::lock_guard const lock(mutex_);
            deadline_ = deadline;
            source_ = std::stop_source();
            return source_.get_token();
        }();
        waker_.wake();
        return token;
    }

    void disarm() {
        std::lock_guard const lock(mutex_);
        deadline_ = Waker::never;
    }

  private:
    void run(std::stop_token const& stop) {
        while (!stop.stop_requested()) {
            waker_.sleep_until(clock_, next(), stop);
        }
    }

    /// Ends the call that is over its time; returns when to look again.
    SteadyTime next() {
        std::unique_lock lock(mutex_);
        if (clock_.steady_now() < deadline_) {
            return deadline_;
        }
        deadline_ = Waker::never;
        auto overdue = source_;
        lock.unlock();
        overdue.request_stop();
        return Waker::never;
    }

    Clock& clock_;
    std::mutex mutex_;
    SteadyTime deadline_ = Waker::never;
    std::stop_source source_;
    Waker waker_;
    std::jthread watcher_;  ///< last: ends before what it uses goes
};

}  // namespace rt::kube
