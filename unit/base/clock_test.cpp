#include "lib/base/clock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt {
namespace {

using namespace std::chrono;

TEST(SystemClock, moves_forward) {
    SteadyTime const before = system_clock().steady_now();
    EXPECT_TRUE(system_clock().sleep_for(milliseconds(1), {}));
    EXPECT_GE(system_clock().steady_now() - before, milliseconds(1));
}

TEST(SystemClock, a_stop_ends_a_sleep) {
    auto const stop = std::make_unique<std::stop_source>();
    std::jthread const stopper([&] { stop->request_stop(); });
    EXPECT_FALSE(system_clock().sleep_for(hours(1), stop->get_token()));
    EXPECT_FALSE(system_clock().sleep_for(hours(1), stop->get_token())) << "one that came before";
}

TEST(FakeClockTest, sleepers_wake_when_their_time_has_come) {
    test::FakeClock clock;
    std::atomic<int> awake{0};
    std::jthread first([&] {
        EXPECT_TRUE(clock.sleep_for(seconds(10), {}));
        ++awake;
    });
    std::jthread second([&] {
        EXPECT_TRUE(clock.sleep_for(seconds(20), {}));
        ++awake;
    });
    ASSERT_TRUE(clock.wait_for_sleepers(2));
    EXPECT_EQ(clock.next_deadline(), clock.steady_now() + seconds(10));
    WallTime const wall = clock.wall_now();
    clock.advance(seconds(10));
    first.join();
    EXPECT_EQ(awake, 1);
    clock.advance(seconds(10));
    second.join();
    EXPECT_EQ(awake, 2);
    EXPECT_EQ(clock.wall_now() - wall, seconds(20));
    EXPECT_EQ(clock.next_deadline(), SteadyTime::max());
}

TEST(FakeClockTest, a_stop_ends_a_sleep) {
    test::FakeClock clock;
    auto const stop = std::make_unique<std::stop_source>();
    std::jthread const stopper([&] {
        EXPECT_TRUE(clock.wait_for_sleepers(1));
        stop->request_stop();
    });
    EXPECT_FALSE(clock.sleep_for(hours(1), stop->get_token()));
}

TEST(FakeRandomTest, gives_what_was_queued_and_distinct_nonces) {
    test::FakeRandom random(0.25);
    random.push(0.75);
    EXPECT_EQ(random.uniform(), 0.75);
    EXPECT_EQ(random.uniform(), 0.25);
    EXPECT_EQ(random.hex(4), "00000001");
    EXPECT_EQ(random.hex(4), "00000002");
}

}  // namespace
}  // namespace rt
