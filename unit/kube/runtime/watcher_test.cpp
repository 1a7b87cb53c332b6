#include "lib/kube/runtime/watcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "unit/support/eventually.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;
using test::Verb;

/// What a handler heard, as lines: "replace a,b", "upsert a", "delete a".
class Diary {
  public:
    WatchHandler handler() {
        return {[this](std::vector<Json> const& items) {
                    std::vector<std::string> names;
                    for (Json const& item : items) {
                        names.push_back(key_of(item).name);
                    }
                    std::sort(names.begin(), names.end());
                    std::string line = "replace";
                    for (std::string const& name : names) {
                        line += " " + name;
                    }
                    write(line);
                },
                [this](Json const& object) { write("upsert " + key_of(object).name); },
                [this](Json const& object) { write("delete " + key_of(object).name); }};
    }
    /// Waits until there are `count` lines; what they are by then.
    std::vector<std::string> wait(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 30s, [&] { return lines_.size() >= count; });
        return lines_;
    }

  private:
    void write(std::string line) {
        std::lock_guard const lock(mutex_);
        lines_.push_back(std::move(line));
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

using Lines = std::vector<std::string>;

/// Hands every call on; a test overrides the one that it is about.
class ForwardingClient : public Client {
  public:
    explicit ForwardingClient(Client& inner) : inner_(inner) {}
    Result<Json> get(ResourceType const& type, ObjectKey const& key, std::stop_token s) override {
        return inner_.get(type, key, std::move(s));
    }
    Result<ListPage> list_page(ResourceType const& type, ListOptions const& options,
                               std::string const& token, std::stop_token s) override {
        return inner_.list_page(type, options, token, std::move(s));
    }
    Result<Json> create(ResourceType const& type, std::string const& ns, Json const& object,
                        std::stop_token s) override {
        return inner_.create(type, ns, object, std::move(s));
    }
    Result<Json> update(ResourceType const& type, Json const& object,
                        std::string const& subresource, std::stop_token s) override {
        return inner_.update(type, object, subresource, std::move(s));
    }
    Result<Json> apply(ResourceType const& type, Json const& object, ApplyOptions const& options,
                       std::stop_token s) override {
        return inner_.apply(type, object, options, std::move(s));
    }
    Result<Json> merge_patch(ResourceType const& type, ObjectKey const& key, Json const& patch,
                             std::string const& subresource, std::stop_token s) override {
        return inner_.merge_patch(type, key, patch, subresource, std::move(s));
    }
    Result<void> remove(ResourceType const& type, ObjectKey const& key, Preconditions const& guards,
                        std::stop_token s) override {
        return inner_.remove(type, key, guards, std::move(s));
    }
    Result<void> watch(ResourceType const& type, WatchOptions const& options,
                       std::function<bool(WatchEvent const&)> const& on_event,
                       std::stop_token s) override {
        return inner_.watch(type, options, on_event, std::move(s));
    }
    Result<Json> create_subresource(ResourceType const& type, ObjectKey const& key,
                                    std::string const& subresource, Json const& body,
                                    std::stop_token s) override {
        return inner_.create_subresource(type, key, subresource, body, std::move(s));
    }
    Result<std::string> raw_get(std::string const& path, std::stop_token s) override {
        return inner_.raw_get(path, std::move(s));
    }

  private:
    Client& inner_;
};

class WatcherTest : public ::testing::Test {
  public:
    WatcherTest() {
        options.type = types::namespaces;
        options.proof_interval = 0s;
    }
    Json put(std::string const& name, std::string const& label = "x") {
        return api.put(types::namespaces,
                       {{"metadata", {{"name", name}, {"labels", {{"l", label}}}}}});
    }
    void start() {
        watcher = std::make_unique<Watcher>(api, options, diary.handler(), clock, random);
        watcher->start();
    }
    /// Lets the back-off, or whatever is slept for, pass.
    void pass(int sleepers = 1) {
        ASSERT_TRUE(clock.wait_for_sleepers(sleepers));
        ASSERT_TRUE(test::eventually([&] { return clock.next_deadline() != SteadyTime::max(); }));
        clock.advance(clock.next_deadline() - clock.steady_now());
    }
    /// A list, and a watch that "a" came by. Returns the version then.
    std::string watch_until_a_came() {
        options.watch_list = false;
        start();
        diary.wait(1);
        put("a");
        diary.wait(2);
        return api.resource_version();
    }
    /// "b" comes by a watch from that version on, without another list.
    void expect_resumed_from(std::string const& version) {
        put("b");
        EXPECT_EQ(diary.wait(3), (Lines{"replace", "upsert a", "upsert b"}));
        EXPECT_EQ(api.count(Verb::List, types::namespaces), 1);
        EXPECT_EQ(api.calls().back().detail, version);
    }
    /// The proving thread sleeps on the clock from the start on.
    static constexpr int prover = 1;

    test::FakeClock clock;
    test::FakeRandom random{0.5};
    FakeApiServer api{clock};
    WatcherOptions options;
    Diary diary;
    std::unique_ptr<Watcher> watcher;
};

TEST_F(WatcherTest, StreamsTheListAndThenTheChanges) {
    put("a");
    put("b");
    start();
    EXPECT_EQ(diary.wait(1), Lines{"replace a b"});
    EXPECT_TRUE(watcher->wait_synced({}));
    put("c");
    put("a", "y");
    api.erase(types::namespaces, {"", "b"});
    EXPECT_EQ(diary.wait(4), (Lines{"replace a b", "upsert c", "upsert a", "delete b"}));
    EXPECT_EQ(api.count(Verb::List, types::namespaces), 0);
    EXPECT_EQ(watcher->trouble(), "");
}

TEST_F(WatcherTest, KeepsOfAListOnlyWhatIsReadOfIt) {
    api.put(types::namespaces, {{"metadata", {{"name", "a"}}}, {"spec", {{"large", "text"}}}});
    options.reduce = [](Json& object) { object.erase("spec"); };
    for (bool const streamed : {true, false}) {
        SCOPED_TRACE(streamed);
        api.set_watch_list(streamed);
        std::promise<std::vector<Json>> told;
        WatchHandler const handler{
            [&](std::vector<Json> const& items) { told.set_value(items); }, {}, {}};
        Watcher one(api, options, handler, clock, random);
        one.start();
        std::vector<Json> const items = told.get_future().get();
        ASSERT_EQ(items.size(), 1U);
        EXPECT_EQ(key_of(items[0]).name, "a");
        EXPECT_FALSE(items[0].contains("spec"));
    }
}

TEST_F(WatcherTest, FallsBackToListAndWatchForGood) {
    api.set_watch_list(false);
    put("a");
    start();
    EXPECT_EQ(diary.wait(1), Lines{"replace a"});
    ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
    EXPECT_EQ(api.count(Verb::Watch, types::namespaces), 2);
    put("b");
    EXPECT_EQ(diary.wait(2), (Lines{"replace a", "upsert b"}));
    // The next list is a LIST at once.
    api.compact();
    api.end_watches();
    EXPECT_NO_FATAL_FAILURE(pass(prover + 1));
    EXPECT_EQ(diary.wait(3), (Lines{"replace a", "upsert b", "replace a b"}));
    int streams = 0;
    for (auto const& call : api.calls()) {
        streams += call.subresource == "sendInitialEvents" ? 1 : 0;
    }
    EXPECT_EQ(streams, 1);
}

TEST_F(WatcherTest, ResumesFromTheLastVersionAfterTheServerEndsTheWatch) {
    std::string const seen = watch_until_a_came();
    clock.advance(5min);
    api.end_watches();
    expect_resumed_from(seen);
}

TEST_F(WatcherTest, BacksOffAndResumesAfterANetworkError) {
    std::string const seen = watch_until_a_came();
    api.end_watches(Error{ErrorKind::Unavailable, "connection refused"});
    EXPECT_NO_FATAL_FAILURE(pass(prover + 1));
    expect_resumed_from(seen);
}

TEST_F(WatcherTest, ListsAgainAfter410AndReplacesSoThatDeletionsAreSeen) {
    options.watch_list = false;
    put("a");
    put("b");
    start();
    diary.wait(1);
    ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
    Error gone{ErrorKind::Expired, "too old resource version"};
    gone.http_status = 410;
    api.set_silent(types::namespaces, true);
    api.erase(types::namespaces, {"", "a"});
    api.set_silent(types::namespaces, false);
    api.end_watches(gone);
    EXPECT_NO_FATAL_FAILURE(pass(prover + 1));
    EXPECT_EQ(diary.wait(2), (Lines{"replace a b", "replace b"}));
    auto const calls = api.calls();
    auto const relist = std::find_if(calls.rbegin(), calls.rend(),
                                     [](auto const& call) { return call.verb == Verb::List; });
    EXPECT_EQ(relist->detail, "") << "a quorum read";
}

TEST_F(WatcherTest, AMissingTypeIsNotSyncedAndIsTriedAgain) {
    api.set_missing(types::namespaces, true);
    start();
    ASSERT_TRUE(clock.wait_for_sleepers(prover + 1));
    EXPECT_FALSE(watcher->synced());
    EXPECT_NE(watcher->trouble(), "");
    api.set_missing(types::namespaces, false);
    EXPECT_NO_FATAL_FAILURE(pass(prover + 1));
    EXPECT_EQ(diary.wait(1), Lines{"replace"});
    EXPECT_TRUE(watcher->wait_synced({}));
    // And when it goes while we watch.
    clock.advance(10s);
    ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
    api.set_missing(types::namespaces, true);
    ASSERT_TRUE(clock.wait_for_sleepers(prover + 1));
    EXPECT_FALSE(watcher->synced());
}

TEST_F(WatcherTest, TheFirstListCanBeOneFromTheCache) {
    options.watch_list = false;
    options.quorum_first_list = false;
    start();
    diary.wait(1);
    EXPECT_EQ(api.calls().front().detail, "0");
    ASSERT_TRUE(watcher->wait_synced({}));
    EXPECT_EQ(watcher->last_proof(), SteadyTime{});
}

class ProofTest : public WatcherTest {
  public:
    ProofTest() {
        options.proof_interval = 60s;
        options.watch_list = false;
    }
    /// Waits until the proving thread sleeps, with so long to go.
    void expect_proof_in(std::chrono::seconds wait) {
        SteadyTime const due = clock.steady_now() + wait;
        ASSERT_TRUE(test::eventually([&] { return clock.next_deadline() == due; }))
            << (clock.next_deadline() - clock.steady_now()) / 1s << " s";
    }
    /// Lets the next proof begin.
    void pass_interval() {
        ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
        ASSERT_NO_FATAL_FAILURE(expect_proof_in(60s));
        clock.advance(60s);
    }
};

TEST_F(ProofTest, AgreementMovesLastProof) {
    put("a");
    start();
    diary.wait(1);
    ASSERT_TRUE(watcher->wait_synced({}));
    SteadyTime const first = watcher->last_proof();
    EXPECT_EQ(first, clock.steady_now());
    EXPECT_NO_FATAL_FAILURE(pass_interval());
    EXPECT_NO_FATAL_FAILURE(expect_proof_in(60s));
    EXPECT_EQ(watcher->last_proof(), first + 60s);
    EXPECT_EQ(api.count(Verb::List, types::namespaces), 2);
    EXPECT_EQ(diary.wait(1), Lines{"replace a"});
}

class MissedEventTest : public ProofTest, public ::testing::WithParamInterface<int> {};

TEST_P(MissedEventTest, IsFoundAndTheTypeListedAgain) {
    struct Case {
        char const* what;
        std::function<void(MissedEventTest&)> missed;
        char const* then;
    };
    std::vector<Case> const cases{
        {"creation", [](MissedEventTest& t) { t.put("b"); }, "replace a b"},
        {"change", [](MissedEventTest& t) { t.put("a", "y"); }, "replace a"},
        {"deletion", [](MissedEventTest& t) { t.api.erase(types::namespaces, {"", "a"}); },
         "replace"},
    };
    Case const& one = cases[static_cast<std::size_t>(GetParam())];
    SCOPED_TRACE(one.what);
    put("a");
    start();
    diary.wait(1);
    ASSERT_TRUE(watcher->wait_synced({}));
    SteadyTime const first = watcher->last_proof();
    ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
    api.set_silent(types::namespaces, true);
    one.missed(*this);
    api.set_silent(types::namespaces, false);
    EXPECT_NO_FATAL_FAILURE(expect_proof_in(60s));
    clock.advance(60s);
    // 5 s of healing time in steps, then the back-off of the watching thread.
    auto const healed = [&] {
        return watcher->last_proof() >= first + 65s && watcher->trouble().empty();
    };
    EXPECT_TRUE(test::eventually(healed, [&] { clock.advance(250ms); })) << watcher->trouble();
    Lines const lines = diary.wait(2);
    EXPECT_EQ(lines.front(), "replace a");
    EXPECT_EQ(lines.back(), one.then);
}

INSTANTIATE_TEST_SUITE_P(Missed, MissedEventTest, ::testing::Values(0, 1, 2));

TEST_F(ProofTest, AProofThatFailsIsTroubleAndDoesNotMoveLastProof) {
    start();
    diary.wait(1);
    ASSERT_TRUE(watcher->wait_synced({}));
    SteadyTime const first = watcher->last_proof();
    api.fail_next(Verb::List, types::namespaces, Error{ErrorKind::Unavailable, "down"});
    EXPECT_NO_FATAL_FAILURE(pass_interval());
    // Tried again in 5 s, not in 60.
    EXPECT_NO_FATAL_FAILURE(expect_proof_in(5s));
    EXPECT_EQ(watcher->last_proof(), first);
    EXPECT_EQ(watcher->trouble(), "down");
    clock.advance(5s);
    EXPECT_NO_FATAL_FAILURE(expect_proof_in(60s));
    EXPECT_EQ(watcher->last_proof(), first + 65s);
    EXPECT_EQ(watcher->trouble(), "");
}

TEST_F(WatcherTest, AServerThatIgnoresSendInitialEventsIsFoundOut) {
    // Looks like one that waits for changes: the watch is open, the end of the initial events never
    // comes.
    class Ignorant final : public ForwardingClient {
      public:
        using ForwardingClient::ForwardingClient;
        Result<void> watch(ResourceType const& type, WatchOptions const& options,
                           std::function<bool(WatchEvent const&)> const& on_event,
                           std::stop_token stop) override {
            WatchOptions plain = options;
            plain.send_initial_events = false;
            return ForwardingClient::watch(type, plain, on_event, std::move(stop));
        }
    } ignorant(api);
    put("a");
    watcher = std::make_unique<Watcher>(ignorant, options, diary.handler(), clock, random);
    watcher->start();
    ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
    EXPECT_NO_FATAL_FAILURE(pass(prover));
    EXPECT_EQ(diary.wait(1), Lines{"replace a"});
    EXPECT_EQ(api.count(Verb::List, types::namespaces), 1);
    watcher.reset();
}

TEST_F(WatcherTest, AHandlerThatThrowsGetsTheWholeTruthAgain) {
    options.watch_list = false;
    auto handler = diary.handler();
    bool thrown = false;
    handler.on_upsert = [&](Json const& object) {
        if (!std::exchange(thrown, true)) {
            throw std::runtime_error("bug in " + key_of(object).name);
        }
    };
    watcher = std::make_unique<Watcher>(api, options, handler, clock, random);
    watcher->start();
    diary.wait(1);
    ASSERT_TRUE(api.wait_for_watches(types::namespaces, 1));
    put("a");
    EXPECT_NO_FATAL_FAILURE(pass(prover + 1));
    EXPECT_EQ(diary.wait(2), (Lines{"replace", "replace a"}));
    watcher.reset();
}

}  // namespace
}  // namespace rt::kube
