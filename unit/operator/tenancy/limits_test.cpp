// When to refresh, when to try again, how often at all.
#include <gtest/gtest.h>

#include <map>

#include "lib/base/time.hpp"
#include "operator/tenancy/failures.hpp"
#include "operator/tenancy/mint_budget.hpp"
#include "operator/tenancy/refresh.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;

CredentialRecord record(std::chrono::seconds life) {
    WallTime const issued = parse_rfc3339("2026-01-02T03:04:05Z").value();
    return {"shared-acr", "inputs", issued, issued + life};
}

TEST(RefreshTimes, StandAtHalfOfLifeWithJitterAndAtThreeQuarters) {
    WallTime earliest = WallTime::max();
    WallTime latest = WallTime::min();
    CredentialRecord const hour = record(1h);
    for (int i = 0; i < 1000; ++i) {
        auto const times = refresh_times(hour, "namespace-" + std::to_string(i));
        ASSERT_TRUE(times);
        EXPECT_GE(times->refresh, hour.issued_at + 24min);
        EXPECT_LE(times->refresh, hour.issued_at + 36min);
        EXPECT_EQ(times->degraded, hour.issued_at + 45min);
        EXPECT_EQ(times->expiry, hour.issued_at + 1h);
        earliest = std::min(earliest, times->refresh);
        latest = std::max(latest, times->refresh);
    }
    // They are spread over the whole window.
    EXPECT_LT(earliest, hour.issued_at + 25min);
    EXPECT_GT(latest, hour.issued_at + 35min);
}

TEST(RefreshTimes, AreTheSameAfterARestart) {
    EXPECT_EQ(refresh_times(record(1h), "n")->refresh, refresh_times(record(1h), "n")->refresh);
}

TEST(RefreshTimes, NeverMakeABusyLoopOfAShortLife) {
    CredentialRecord const brief = record(2s);
    EXPECT_GE(refresh_times(brief, "n")->refresh, brief.issued_at + 5s);
}

TEST(RefreshTimes, DoNotExistForStaticCredentials) {
    CredentialRecord endless = record(1h);
    endless.expires_at.reset();
    EXPECT_FALSE(refresh_times(endless, "n"));
}

struct DelayCase {
    ErrorKind kind;
    int count;
    double random;
    std::chrono::milliseconds expected;
};

TEST(RetryDelay, IsQuickForHiccupsAndSlowForDenials) {
    std::vector<DelayCase> const cases{
        {ErrorKind::Unavailable, 1, 0.5, 500ms},   {ErrorKind::Unavailable, 3, 0.5, 2s},
        {ErrorKind::Unavailable, 30, 0.5, 30s},    {ErrorKind::Unavailable, 30, 0.0, 200ms},
        {ErrorKind::Corrupt, 1, 0.99, 990ms},      {ErrorKind::Forbidden, 1, 0.5, 60s},
        {ErrorKind::Forbidden, 3, 0.5, 240s},      {ErrorKind::Forbidden, 30, 0.5, 600s},
        {ErrorKind::InvalidArgument, 1, 0.0, 54s}, {ErrorKind::NotFound, 1, 0.999, 65988ms},
    };
    for (DelayCase const& one : cases) {
        rt::test::FakeRandom random(one.random);
        auto const delay = retry_delay({one.kind, ""}, one.count, random);
        EXPECT_NEAR(std::chrono::duration<double>(delay).count(),
                    std::chrono::duration<double>(one.expected).count(), 0.001)
            << name_of(one.kind) << ' ' << one.count << ' ' << one.random;
    }
}

TEST(RetryDelay, WaitsAsLongAsThePeerAsksWithinReason) {
    rt::test::FakeRandom random(0.0);
    Error error{ErrorKind::Throttled, ""};
    error.retry_after = 20s;
    EXPECT_EQ(retry_delay(error, 1, random), 20s);
    error.retry_after = 24h;
    EXPECT_EQ(retry_delay(error, 1, random), 300s);
}

class Budget : public testing::Test {
  protected:
    rt::test::FakeClock clock;
    MintBudget budget{20, 8, clock};  // 20 per second; each account three quarters of that
};

TEST_F(Budget, LetsABurstThroughAndThenQueuesInOrder) {
    for (int i = 0; i < 6; ++i) {
        EXPECT_FALSE(budget.ask("n" + std::to_string(i), "a", "role-a"));
    }
    auto const first = budget.ask("n6", "a", "role-a");
    auto const second = budget.ask("n7", "a", "role-a");
    ASSERT_TRUE(first && second);
    EXPECT_LT(*first, *second);
    // Who asks again early keeps its place, and does not pay twice.
    EXPECT_EQ(budget.ask("n6", "a", "role-a"), first);
    clock.advance(*first + 1ms);
    EXPECT_FALSE(budget.ask("n6", "a", "role-a"));
}

TEST_F(Budget, OneAccountLeavesRoomForAnother) {
    for (int i = 0; i < 7; ++i) {
        static_cast<void>(budget.ask("n" + std::to_string(i), "a", "role-a"));
    }
    EXPECT_FALSE(budget.ask("other", "b", "role-b"));
}

TEST_F(Budget, ALongQueueInOneAccountHoldsUpNoOther) {
    std::map<std::string, std::chrono::nanoseconds> waiting;
    for (int i = 0; i < 500; ++i) {
        std::string const who = "n" + std::to_string(i);
        if (auto const wait = budget.ask(who, "a", "role-a")) {
            waiting[who] = *wait;
        }
    }
    EXPECT_FALSE(budget.ask("other", "b", "role-b"));
    // All come back when they were told to, and are through by then or a moment later.
    for (auto const& [who, wait] : waiting) {
        EXPECT_LE(wait, 34s) << who;
    }
    clock.advance(20s);
    EXPECT_FALSE(budget.ask("another", "b", "role-b"));
}

TEST_F(Budget, APausedRoleWaitsAsAskedAndNoOther) {
    budget.pause("role-a", 30s);
    EXPECT_EQ(budget.ask("n", "a", "role-a"), std::optional<std::chrono::nanoseconds>(30s));
    EXPECT_FALSE(budget.ask("n", "b", "role-b"));
    clock.advance(30s);
    EXPECT_FALSE(budget.ask("n", "a", "role-a"));
    EXPECT_FALSE(budget.ask("m", "a", "another role of a"));
    budget.pause("role-a", 24h);
    EXPECT_LE(*budget.ask("n", "a", "role-a"), 5min);
}

TEST_F(Budget, SteadyRateIsTheAccountsShare) {
    int granted = 0;
    for (int tick = 0; tick < 1000; ++tick) {
        for (int i = 0; i < 20; ++i) {
            granted += budget.ask("n" + std::to_string(i), "a", "role-a") ? 0 : 1;
        }
        clock.advance(100ms);
    }
    EXPECT_NEAR(granted, 1500, 60);  // 100 s at 15 per second
}

TEST(TokenBucketTest, GivesBackWhatTimeBrings) {
    rt::test::FakeClock clock;
    TokenBucket bucket(1.0 / 60, 2, clock.steady_now());
    EXPECT_FALSE(bucket.try_take(clock.steady_now()));
    EXPECT_FALSE(bucket.try_take(clock.steady_now()));
    auto const wait = bucket.try_take(clock.steady_now());
    ASSERT_TRUE(wait);
    EXPECT_NEAR(std::chrono::duration<double>(*wait).count(), 60, 0.01);
    clock.advance(61s);
    EXPECT_FALSE(bucket.try_take(clock.steady_now()));
}

}  // namespace
}  // namespace rt::op
