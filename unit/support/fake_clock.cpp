#include "unit/support/fake_clock.hpp"

namespace rt::test {

FakeClock::FakeClock()
    : FakeClock(WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) +
                         std::chrono::hours(3) + std::chrono::minutes(4) +
                         std::chrono::seconds(5))) {}

FakeClock::FakeClock(WallTime start) : wall_(start) {}

WallTime FakeClock::wall_now() const {
    std::lock_guard const lock(mutex_);
    return wall_;
}

SteadyTime FakeClock::steady_now() const {
    std::lock_guard const lock(mutex_);
    return steady_;
}

bool FakeClock::sleep_until(SteadyTime deadline, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) {
        return false;
    }
    auto const entry = sleepers_.insert(deadline);
    changed_.notify_all();
    bool const reached = changed_.wait(lock, stop, [&] { return steady_ >= deadline; });
    sleepers_.erase(entry);
    return reached && !stop.stop_requested();
}

void FakeClock::advance(std::chrono::nanoseconds duration) {
    std::lock_guard const lock(mutex_);
    steady_ += duration;
    wall_ += std::chrono::duration_cast<WallTime::duration>(duration);
    changed_.notify_all();
}

void FakeClock::set_wall(WallTime now) {
    std::lock_guard const lock(mutex_);
    wall_ = now;
}

bool FakeClock::wait_for_sleepers(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return sleepers_.size() >= static_cast<std::size_t>(count); });
}

int FakeClock::sleepers() const {
    std::lock_guard const lock(mutex_);
    return static_cast<int>(sleepers_.size());
}

SteadyTime FakeClock::next_deadline() const {
    std::lock_guard const lock(mutex_);
    return sleepers_.empty() ? SteadyTime::max() : *sleepers_.begin();
}

}  // namespace rt::test
