#include "lib/kube/runtime/controller.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>

#include "unit/support/eventually.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

/// Answers each key with a scripted sequence of outcomes and counts.
class Reconciler {
  public:
    using Step = std::function<Outcome()>;
    void script(std::string const& key, std::vector<Step> steps) { steps_[key] = std::move(steps); }

    Outcome operator()(std::string const& key) {
        Step step = [] { return Outcome::done(); };
        {
            std::lock_guard const lock(mutex_);
            auto& steps = steps_[key];
            if (!steps.empty()) {
                step = std::move(steps.front());
                steps.erase(steps.begin());
            }
            ++counts_[key];
            changed_.notify_all();
        }
        return step();
    }
    int wait(std::string const& key, int count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 30s, [&] { return counts_[key] >= count; });
        return counts_[key];
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::vector<Step>> steps_;
    std::map<std::string, int> counts_;
};

class ControllerTest : public ::testing::Test {
  public:
    void advance_to_next() {
        // The timer thread sleeps for ever until the worker has added its delay.
        ASSERT_TRUE(test::eventually([&] { return clock.next_deadline() != SteadyTime::max(); }));
        waited = clock.next_deadline() - clock.steady_now();
        clock.advance(waited);
    }
    test::FakeClock clock;
    test::FakeRandom random{0.5};
    WorkQueue queue{{200ms, 60'000ms}, clock, random};
    Metrics metrics;
    Reconciler reconciler;
    std::chrono::nanoseconds waited{0};
    Controller controller{
        "tenancies", queue, 2,
        [this](std::string const& key, std::stop_token) { return reconciler(key); }, metrics};
};

TEST_F(ControllerTest, DoneIsDone) {
    controller.start();
    queue.add("a");
    EXPECT_EQ(reconciler.wait("a", 1), 1);
}

TEST_F(ControllerTest, AfterComesAgainThenAndForgetsTheBackOff) {
    reconciler.script("a", {[] { return Outcome::retry(); }, [] { return Outcome::retry(); },
                            [] { return Outcome::after(5s); }, [] { return Outcome::retry(); }});
    controller.start();
    queue.add("a");
    reconciler.wait("a", 1);
    EXPECT_NO_FATAL_FAILURE(advance_to_next());
    EXPECT_EQ(waited, 100ms);
    reconciler.wait("a", 2);
    EXPECT_NO_FATAL_FAILURE(advance_to_next());
    EXPECT_EQ(waited, 200ms);
    reconciler.wait("a", 3);
    EXPECT_NO_FATAL_FAILURE(advance_to_next());
    EXPECT_EQ(waited, 5s);
    reconciler.wait("a", 4);
    EXPECT_NO_FATAL_FAILURE(advance_to_next());
    EXPECT_EQ(waited, 100ms);
    EXPECT_EQ(reconciler.wait("a", 5), 5);
}

TEST_F(ControllerTest, AnExceptionIsCountedAndRetriedAndHarmsNobodyElse) {
    reconciler.script("bad", {[]() -> Outcome { throw std::runtime_error("bug"); },
                              []() -> Outcome { throw 3; }});
    controller.start();
    queue.add("bad");
    queue.add("good");
    EXPECT_EQ(reconciler.wait("good", 1), 1);
    reconciler.wait("bad", 1);
    EXPECT_NO_FATAL_FAILURE(advance_to_next());
    reconciler.wait("bad", 2);
    EXPECT_NO_FATAL_FAILURE(advance_to_next());
    EXPECT_EQ(reconciler.wait("bad", 3), 3);
    EXPECT_NE(
        metrics.text().find(
            "registry_tenancy_reconciles_total{controller=\"tenancies\",outcome=\"exception\"} 2"),
        std::string::npos)
        << metrics.text();
}

TEST_F(ControllerTest, SeriesExistFromTheStart) {
    for (char const* const outcome : {"done", "after", "retry", "exception"}) {
        EXPECT_NE(metrics.text().find("outcome=\"" + std::string(outcome) + "\"} 0"),
                  std::string::npos)
            << outcome;
    }
}

}  // namespace
}  // namespace rt::kube
