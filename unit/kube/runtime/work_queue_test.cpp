#include "lib/kube/runtime/work_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "unit/support/eventually.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

class WorkQueueTest : public ::testing::Test {
  public:
    /// The queue's timer sleeps again, with this as its next deadline.
    void expect_next(std::chrono::milliseconds from_start) {
        SteadyTime const wanted = start + from_start;
        EXPECT_TRUE(test::eventually([&] { return clock.next_deadline() == wanted; }))
            << (clock.next_deadline() - start) / 1ms << " ms";
    }
    std::string take() { return queue.get(stop.get_token()).value_or("(stopped)"); }

    test::FakeClock clock;
    SteadyTime const start = clock.steady_now();
    test::FakeRandom random{0.5};
    WorkQueue queue{{200ms, 60'000ms}, clock, random};
    std::stop_source stop;
};

TEST_F(WorkQueueTest, HandsKeysOutInOrderOnce) {
    queue.add("a");
    queue.add("b");
    queue.add("a");
    EXPECT_EQ(queue.depth(), 2U);
    EXPECT_EQ(take(), "a");
    EXPECT_EQ(take(), "b");
    EXPECT_EQ(queue.depth(), 0U);
}

TEST_F(WorkQueueTest, AKeyAddedWhileWorkedOnComesAgainAfterwards) {
    queue.add("a");
    EXPECT_EQ(take(), "a");
    queue.add("a");
    queue.add("a");
    queue.add("b");
    EXPECT_EQ(take(), "b");
    EXPECT_EQ(queue.depth(), 0U);
    queue.done("a");
    EXPECT_EQ(take(), "a");
    queue.done("a");
    EXPECT_EQ(queue.depth(), 0U);
}

TEST_F(WorkQueueTest, OfSeveralDelaysTheEarliestWins) {
    queue.add_after("a", 30s);
    expect_next(30s);
    queue.add_after("a", 10s);
    expect_next(10s);
    queue.add_after("a", 20s);
    clock.advance(9s);
    EXPECT_EQ(queue.depth(), 0U);
    clock.advance(1s);
    EXPECT_EQ(take(), "a");
    queue.done("a");
    clock.advance(1h);
    queue.add("end");
    EXPECT_EQ(take(), "end");
}

TEST_F(WorkQueueTest, NoDelayIsNow) {
    queue.add_after("a", 0ms);
    queue.add_after("b", -5ms);
    EXPECT_EQ(take(), "a");
    EXPECT_EQ(take(), "b");
}

TEST_F(WorkQueueTest, BacksOffPerKeyWithFullJitterUpToTheLimit) {
    // With a jitter of one half: half of 200 ms, 400 ms, 800 ms, ...
    queue.add_rate_limited("a");
    expect_next(100ms);
    clock.advance(100ms);
    EXPECT_EQ(take(), "a");
    queue.done("a");
    queue.add_rate_limited("a");
    expect_next(300ms);
    queue.add_rate_limited("b");
    expect_next(200ms);
    clock.advance(200ms);
    EXPECT_EQ(take(), "b");
    EXPECT_EQ(take(), "a");
    queue.done("a");
    queue.done("b");
    for (int times = 0; times < 50; ++times) {
        queue.add_rate_limited("a");
        clock.advance(30s);
        EXPECT_EQ(take(), "a");
        queue.done("a");
    }
    queue.forget("a");
    SteadyTime const now = clock.steady_now();
    queue.add_rate_limited("a");
    expect_next(std::chrono::duration_cast<std::chrono::milliseconds>(now - start) + 100ms);
}

TEST_F(WorkQueueTest, AStopEndsTheWait) {
    std::jthread const stopper([this] { stop.request_stop(); });
    EXPECT_EQ(queue.get(stop.get_token()), std::nullopt);
    queue.add("a");
    EXPECT_EQ(queue.get(stop.get_token()), std::nullopt);
}

TEST_F(WorkQueueTest, ManyWorkersNeverShareAKey) {
    constexpr int keys = 20;
    constexpr int rounds = 200;
    std::array<std::atomic<int>, keys> working{};
    std::atomic<int> overlaps = 0;
    std::atomic<int> worked = 0;
    {
        std::vector<std::jthread> workers;
        for (int index = 0; index < 4; ++index) {
            workers.emplace_back([&](std::stop_token const& token) {
                while (auto const key = queue.get(token)) {
                    auto& mine = working[static_cast<std::size_t>(std::stoi(*key))];
                    overlaps += mine.fetch_add(1) != 0 ? 1 : 0;
                    ++worked;
                    mine.fetch_sub(1);
                    queue.done(*key);
                }
            });
        }
        for (int round = 0; round < rounds; ++round) {
            queue.add(std::to_string(round % keys));
        }
        EXPECT_TRUE(test::eventually([&] { return queue.depth() == 0; }));
    }
    EXPECT_EQ(overlaps, 0);
    EXPECT_GE(worked, keys);
}

}  // namespace
}  // namespace rt::kube
