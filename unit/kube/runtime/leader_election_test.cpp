#include "lib/kube/runtime/leader_election.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "lib/kube/core/lease.hpp"
#include "unit/support/eventually.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using test::Verb;

ObjectKey const lease_key{"registry-tenancy-system", "registry-tenancy-operator"};

/// A candidate in a thread of its own, whose work is to wait for its stop.
class Candidate {
  public:
    Candidate(Client& api, std::string const& identity, Clock& clock, Random& random)
        : elector(api, LeaderElectionOptions{lease_key, identity}, clock, random),
          thread_([this](std::stop_token const& stop) {
              auto const end = elector.run(
                  [this](std::stop_token const& work) {
                      set(leads_, true);
                      std::unique_lock lock(mutex_);
                      changed_.wait(lock, work, [this] { return finish_; });
                      changed_.wait(lock, [this] { return !hold_; });
                  },
                  stop);
              std::lock_guard const lock(mutex_);
              end_ = end;
              leads_ = false;
              changed_.notify_all();
          }) {}
    ~Candidate() { hold(false); }

    bool wait_leads() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 30s, [this] { return leads_; });
    }
    std::optional<LeaderElector::End> wait_end() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 30s, [this] { return end_.has_value(); });
        return end_;
    }
    [[nodiscard]] bool ended() {
        std::lock_guard const lock(mutex_);
        return end_.has_value();
    }
    void stop() { thread_.request_stop(); }
    void finish() { set(finish_, true); }
    /// Work that does not end when told to.
    void hold(bool on) { set(hold_, on); }

    LeaderElector elector;

  private:
    void set(bool& flag, bool value) {
        std::lock_guard const lock(mutex_);
        flag = value;
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool leads_ = false;
    bool finish_ = false;
    bool hold_ = false;
    std::optional<LeaderElector::End> end_;
    std::jthread thread_;
};

class LeaderElectionTest : public ::testing::Test {
  public:
    std::unique_ptr<Candidate> candidate(std::string const& identity) {
        auto made = std::make_unique<Candidate>(api, identity, clock, random);
        candidates.push_back(made.get());
        return made;
    }
    LeaseRecord record() {
        auto const lease = api.find(types::leases, lease_key);
        return lease ? lease_record_of(*lease) : LeaseRecord{};
    }
    /// All candidates sleep on the clock: each with two threads, the electing one and the one that
    /// limits its calls. Nothing happens before time moves.
    bool quiet() {
        int running = 0;
        for (Candidate* const one : candidates) {
            running += one->ended() ? 0 : 1;
        }
        return clock.sleepers() == 2 * running && clock.next_deadline() > clock.steady_now();
    }
    /// Moves time in small steps, each when all is quiet, until `done`.
    template <class Done>
    bool pass_until(Done const& done, std::chrono::seconds at_most) {
        SteadyTime const end = clock.steady_now() + at_most;
        while (test::eventually([this] { return quiet(); })) {
            if (done()) {
                return true;
            }
            if (clock.steady_now() >= end) {
                return false;
            }
            clock.advance(100ms);
        }
        ADD_FAILURE() << "never quiet";
        return false;
    }

    test::FakeClock clock;
    test::FakeRandom random{0.0};
    test::FakeApiServer api{clock};
    std::vector<Candidate*> candidates;
};

TEST_F(LeaderElectionTest, TheFirstCreatesTheLeaseAndTheSecondWaits) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    EXPECT_EQ(record().holder, "a");
    EXPECT_EQ(record().duration, 15s);
    EXPECT_EQ(record().transitions, 0);
    auto const second = candidate("b");
    EXPECT_FALSE(pass_until([&] { return second->elector.leading(); }, 40s));
    EXPECT_TRUE(first->elector.leading());
    EXPECT_FALSE(first->elector.overdue());
    EXPECT_EQ(record().holder, "a");
}

TEST_F(LeaderElectionTest, ACleanStopReleasesAndTheOtherTakesOverSoon) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    auto const second = candidate("b");
    pass_until([] { return false; }, 5s);
    first->stop();
    EXPECT_EQ(first->wait_end(), LeaderElector::End::Stopped);
    EXPECT_TRUE(pass_until([&] { return second->elector.leading(); }, 4s));
    EXPECT_EQ(record().holder, "b");
    EXPECT_EQ(record().transitions, 1);
}

TEST_F(LeaderElectionTest, TheLeaseIsReleasedOnlyAfterTheWorkHasEnded) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    first->hold(true);
    first->stop();
    // Still renewed while the work winds down.
    auto const renewed = record().renew_time;
    EXPECT_TRUE(pass_until([&] { return record().renew_time > renewed; }, 10s));
    EXPECT_EQ(record().holder, "a");
    EXPECT_FALSE(first->ended());
    first->hold(false);
    EXPECT_EQ(first->wait_end(), LeaderElector::End::Stopped);
    EXPECT_EQ(record().holder, "");
    EXPECT_EQ(record().duration, 1s);
}

TEST_F(LeaderElectionTest, ADeadHolderIsReplacedAfterTheLeaseHasRunOutOnOurClock) {
    // Its times lie in the future of our clock, as a skewed peer's do; only our observation counts.
    LeaseRecord dead;
    dead.holder = "dead";
    dead.duration = 15s;
    dead.renew_time = clock.wall_now() + 1h;
    dead.transitions = 3;
    api.put(types::leases, make_lease(lease_key, dead));
    auto const second = candidate("b");
    EXPECT_FALSE(pass_until([&] { return second->elector.leading(); }, 14s));
    EXPECT_TRUE(pass_until([&] { return second->elector.leading(); }, 6s));
    EXPECT_EQ(record().transitions, 4);
}

TEST_F(LeaderElectionTest, AHolderThatCannotRenewStopsBeforeItsLeaseRunsOut) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    Error const down{ErrorKind::Unavailable, "down"};
    api.fail_next(Verb::Update, types::leases, down, -1);
    api.fail_next(Verb::Get, types::leases, down, -1);
    SteadyTime const since = clock.steady_now();
    ASSERT_TRUE(pass_until([&] { return !first->elector.leading(); }, 15s));
    EXPECT_LT(clock.steady_now() - since, 13s);
    EXPECT_TRUE(pass_until([&] { return first->ended(); }, 15s));
    EXPECT_EQ(first->wait_end(), LeaderElector::End::Lost);
    EXPECT_LT(clock.steady_now() - since, 15s);
}

TEST_F(LeaderElectionTest, ATransientFailureIsNoLoss) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    Error const down{ErrorKind::Unavailable, "down"};
    api.fail_next(Verb::Update, types::leases, down, 2);
    api.fail_next(Verb::Get, types::leases, down, 2);
    pass_until([] { return false; }, 30s);
    EXPECT_TRUE(first->elector.leading());
    EXPECT_EQ(record().holder, "a");
}

TEST_F(LeaderElectionTest, ALeaseTakenByForceIsLost) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    LeaseRecord other = record();
    other.holder = "b";
    api.put(types::leases, make_lease(lease_key, other));
    EXPECT_TRUE(pass_until([&] { return first->ended(); }, 15s));
    EXPECT_EQ(first->wait_end(), LeaderElector::End::Lost);
    EXPECT_EQ(record().holder, "b");
}

TEST_F(LeaderElectionTest, ADeletedLeaseIsMadeAgain) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    api.erase(types::leases, lease_key);
    EXPECT_TRUE(pass_until([&] { return record().holder == "a"; }, 5s));
    EXPECT_TRUE(first->elector.leading());
}

TEST_F(LeaderElectionTest, WorkThatEndsByItselfReleases) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    first->finish();
    EXPECT_EQ(first->wait_end(), LeaderElector::End::Stopped);
    EXPECT_EQ(record().holder, "");
}

TEST_F(LeaderElectionTest, ASuspendedMachineIsOverdueAtOnce) {
    auto const first = candidate("a");
    ASSERT_TRUE(first->wait_leads());
    std::mutex gate;
    std::unique_lock closed(gate);
    api.on_call([&](test::FakeApiServer::Call const&) { std::lock_guard const wait(gate); });
    clock.advance(16s);
    EXPECT_FALSE(first->elector.leading());
    EXPECT_TRUE(first->elector.overdue());
    api.on_call({});
    closed.unlock();
    pass_until([&] { return first->elector.leading(); }, 5s);
    EXPECT_FALSE(first->elector.overdue());
}

}  // namespace
}  // namespace rt::kube
