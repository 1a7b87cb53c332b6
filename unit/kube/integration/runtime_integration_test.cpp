#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "lib/base/random.hpp"
#include "lib/kube/core/lease.hpp"
#include "lib/kube/core/status.hpp"
#include "lib/kube/runtime/event_recorder.hpp"
#include "lib/kube/runtime/leader_election.hpp"
#include "lib/kube/runtime/store.hpp"
#include "unit/kube/integration/real_cluster.hpp"
#include "unit/support/eventually.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

class RuntimeIntegration : public RealCluster {
  public:
    WatcherOptions options() const {
        WatcherOptions watcher_options;
        watcher_options.type = config_maps;
        watcher_options.ns = ns;
        // The controller manager puts its own one into every namespace.
        watcher_options.field_selector = "metadata.name!=kube-root-ca.crt";
        return watcher_options;
    }
    static std::optional<std::string> value_of(Json const& object) {
        Json const* const data = find(object, "data");
        return data == nullptr ? std::nullopt : std::optional(string_at(*data, "value"));
    }
};

TEST_F(RuntimeIntegration, AVersionThatIsCompactedIsExpired) {
    ListOptions list;
    list.ns = ns;
    list.resource_version = "1";
    list.resource_version_match = "Exact";
    auto const page = client->list_page(config_maps, list, "", {});
    if (page) {
        GTEST_SKIP() << "the server is younger than its first compaction (5 to 10 minutes)";
    }
    EXPECT_EQ(page.error().kind, ErrorKind::Expired) << page.error().message;
    EXPECT_EQ(page.error().http_status, 410);
}

/// Servers with an old etcd refuse it within the stream; both are right.
TEST_F(RuntimeIntegration, AWatchListEndsItsInitialEventsOrSaysThatItCannot) {
    ASSERT_TRUE(client->create(config_maps, ns, config_map("a", "1"), {}));
    WatchOptions watch;
    watch.ns = ns;
    watch.send_initial_events = true;
    watch.field_selector = options().field_selector;
    watch.timeout = 10s;
    std::vector<std::string> names;
    bool ended = false;
    auto const watched = client->watch(config_maps, watch,
                                       [&](WatchEvent const& event) {
                                           if (event.type == WatchEventType::Bookmark) {
                                               ended = ends_initial_events(*event.object);
                                               return !ended;
                                           }
                                           names.push_back(key_of(*event.object).name);
                                           return true;
                                       },
                                       {});
    if (watched) {
        EXPECT_TRUE(ended);
        EXPECT_EQ(names, std::vector<std::string>{"a"});
    } else {
        EXPECT_EQ(watched.error().http_status, 500) << watched.error().message;
    }
}

TEST_F(RuntimeIntegration, AnInformerFollowsWithAndWithoutWatchList) {
    for (bool const watch_list : {true, false}) {
        SCOPED_TRACE(watch_list);
        std::string const name = watch_list ? "streamed" : "listed";
        ASSERT_TRUE(client->create(config_maps, ns, config_map(name, "1"), {}));
        WatcherOptions watcher_options = options();
        watcher_options.watch_list = watch_list;
        watcher_options.proof_interval = 1s;
        Informer<std::string> informer(*client, watcher_options, value_of, system_clock(),
                                       system_random());
        informer.start();
        ASSERT_TRUE(informer.wait_synced({}));
        ObjectKey const key{ns, name};
        ASSERT_NE(informer.store().get(key), nullptr);
        ASSERT_TRUE(client->apply(config_maps, config_map(name, "2"), {"us"}, {}));
        EXPECT_TRUE(test::eventually([&] {
            auto const value = informer.store().get(key);
            return value != nullptr && *value == "2";
        }));
        SteadyTime const proven = informer.watcher().last_proof();
        EXPECT_TRUE(test::eventually([&] { return informer.watcher().last_proof() > proven; }))
            << informer.watcher().trouble();
        ASSERT_TRUE(client->remove(config_maps, key, {}, {}));
        EXPECT_TRUE(test::eventually([&] { return informer.store().get(key) == nullptr; }));
        EXPECT_EQ(informer.watcher().trouble(), "");
    }
}

TEST_F(RuntimeIntegration, AWatcherEndsAtOnceWhenTold) {
    auto watcher = std::make_unique<Watcher>(*client, options(), WatchHandler{}, system_clock(),
                                             system_random());
    watcher->start();
    ASSERT_TRUE(watcher->wait_synced({}));
    SteadyTime const before = system_clock().steady_now();
    watcher.reset();
    EXPECT_LT(system_clock().steady_now() - before, 5s);
}

TEST_F(RuntimeIntegration, OneOfTwoCandidatesLeadsAndHandsOver) {
    ObjectKey const lease{ns, "election"};
    std::mutex mutex;
    std::condition_variable_any changed;
    std::set<std::string> leading;
    bool overlap = false;
    auto const work = [&](std::string const& identity) {
        return [&, identity](std::stop_token const& stop) {
            std::unique_lock lock(mutex);
            overlap = overlap || !leading.empty();
            leading.insert(identity);
            changed.notify_all();
            changed.wait(lock, stop, [] { return false; });
            leading.erase(identity);
        };
    };
    LeaderElectionOptions const first_options{lease, "first", 3s, 2s, 200ms};
    LeaderElectionOptions const second_options{lease, "second", 3s, 2s, 200ms};
    LeaderElector first(*client, first_options, system_clock(), system_random());
    LeaderElector second(*client, second_options, system_clock(), system_random());
    auto const leads = [&](std::string const& identity) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 30s, [&] { return leading.contains(identity); });
    };
    std::jthread first_thread([&](std::stop_token const& stop) {
        EXPECT_EQ(first.run(work("first"), stop), LeaderElector::End::Stopped);
    });
    ASSERT_TRUE(leads("first"));
    std::jthread const second_thread([&](std::stop_token const& stop) {
        EXPECT_EQ(second.run(work("second"), stop), LeaderElector::End::Stopped);
    });
    EXPECT_TRUE(first.leading());
    EXPECT_EQ(lease_record_of(*client->get(types::leases, lease, {})).holder, "first");
    first_thread.request_stop();
    first_thread.join();
    EXPECT_TRUE(leads("second"));
    EXPECT_EQ(lease_record_of(*client->get(types::leases, lease, {})).holder, "second");
    EXPECT_FALSE(overlap);
}

TEST_F(RuntimeIntegration, EventsAreAccepted) {
    {
        EventRecorder recorder(*client, "registry-tenancy.dev/test", "host_1", system_clock());
        recorder.record({"v1", "Namespace", "", ns}, EventType::Normal, "Tested", "Test",
                        "cluster");
        recorder.record({"v1", "ConfigMap", ns, "a"}, EventType::Warning, "Tested", "Test", "note");
    }
    ListOptions list;
    list.ns = ns;
    auto const page = client->list_page(types::events, list, "", {});
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0]["note"], "note");
    // A series can be lengthened by the same patch that the recorder writes.
    auto const lengthened = client->merge_patch(
        types::events, key_of(page->items[0]),
        {{"series", {{"count", 2}, {"lastObservedTime", "2026-01-02T03:04:05.000000Z"}}}}, "", {});
    EXPECT_TRUE(lengthened) << lengthened.error().message;
}

}  // namespace
}  // namespace rt::kube
