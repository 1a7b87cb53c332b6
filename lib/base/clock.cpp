#include "lib/base/clock.hpp"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <mutex>

namespace rt {
namespace {

class SystemClock final : public Clock {
  public:
    WallTime wall_now() const override { return std::chrono::system_clock::now(); }

    SteadyTime steady_now() const override {
        timespec now{};
        clock_gettime(CLOCK_BOOTTIME, &now);
        return SteadyTime(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
    }

    bool sleep_until(SteadyTime deadline, std::stop_token stop) override {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            auto const left = deadline - steady_now();
            if (left <= std::chrono::nanoseconds::zero()) {
                return true;
            }
            // The condition variable's clock stops while the machine sleeps; a bounded slice keeps
            // the overshoot after a suspend small.
            auto const slice = std::min<std::chrono::nanoseconds>(left, std::chrono::minutes(1));
            wake.wait_for(lock, stop, slice, [] { return false; });
        }
        return false;
    }
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

}  // namespace rt
