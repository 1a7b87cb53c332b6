#include "lib/kube/runtime/event_recorder.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "lib/kube/runtime/event_series.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

ObjectReference const pod{"v1", "Pod", "n", "p", "uid-1"};
ObjectReference const tenancy{"registrytenancy.dev/v1alpha1", "RegistryTenancy", "", "cainiao"};

class EventSeriesTest : public ::testing::Test {
  public:
    EventOccurrence occurrence(std::string const& note = "note") {
        return {pod, EventType::Warning, "Denied", "Admit", note, clock.wall_now()};
    }
    test::FakeClock clock;
    test::FakeRandom random;
    EventSeries series{"registry-tenancy.dev/webhook", "host-1", random};
};

TEST_F(EventSeriesTest, TheFirstIsANewEvent) {
    auto const write = series.add(occurrence(), clock.steady_now());
    ASSERT_TRUE(write.has_value());
    EXPECT_TRUE(write->create());
    EXPECT_EQ(write->key, (ObjectKey{"n", "p.0000000000000001"}));
    EXPECT_EQ(series.body_of(*write),
              Json::parse(R"({"apiVersion":"events.k8s.io/v1","kind":"Event",
        "metadata":{"name":"p.0000000000000001","namespace":"n"},
        "eventTime":"2026-01-02T03:04:05.000000Z",
        "reportingController":"registry-tenancy.dev/webhook",
        "reportingInstance":"host-1","action":"Admit","reason":"Denied","type":"Warning",
        "note":"note","regarding":{"apiVersion":"v1","kind":"Pod","namespace":"n","name":"p",
        "uid":"uid-1"}})"));
}

TEST_F(EventSeriesTest, WhatCouldNotBeCreatedBeginsAnew) {
    auto const first = series.add(occurrence(), clock.steady_now());
    ASSERT_TRUE(first.has_value());
    series.forget(first->key);
    auto const second = series.add(occurrence(), clock.steady_now());
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(second->create());
}

TEST_F(EventSeriesTest, EqualOnesAreCountedAndWrittenOnceInSixMinutes) {
    ASSERT_TRUE(series.add(occurrence(), clock.steady_now()));
    for (int times = 0; times < 5; ++times) {
        clock.advance(1min);
        EXPECT_FALSE(series.add(occurrence(), clock.steady_now()));
        EXPECT_TRUE(series.due(clock.steady_now()).empty());
    }
    clock.advance(1min);
    auto const writes = series.due(clock.steady_now());
    ASSERT_EQ(writes.size(), 1U);
    EXPECT_FALSE(writes[0].create());
    EXPECT_EQ(series.body_of(writes[0]), Json::parse(R"({"series":{"count":6,
        "lastObservedTime":"2026-01-02T03:09:05.000000Z"}})"));
    // Quiet: nothing more is written, and it is forgotten.
    clock.advance(6min);
    EXPECT_TRUE(series.due(clock.steady_now()).empty());
    EXPECT_EQ(series.size(), 0U);
    EXPECT_TRUE(series.add(occurrence(), clock.steady_now()));
}

TEST_F(EventSeriesTest, ASingleEventIsForgottenWithoutAWrite) {
    ASSERT_TRUE(series.add(occurrence(), clock.steady_now()));
    EXPECT_EQ(series.next_due(), clock.steady_now() + 6min);
    clock.advance(6min);
    EXPECT_TRUE(series.due(clock.steady_now()).empty());
    EXPECT_EQ(series.next_due(), SteadyTime::max());
}

TEST_F(EventSeriesTest, AnotherNoteIsAnotherEvent) {
    EXPECT_TRUE(series.add(occurrence("one"), clock.steady_now()));
    EXPECT_TRUE(series.add(occurrence("two"), clock.steady_now()));
    EXPECT_EQ(series.size(), 2U);
}

TEST_F(EventSeriesTest, NotesAreCutAndPrintable) {
    auto const write =
        series.add(occurrence("\x1b[31m" + std::string(3000, 'x')), clock.steady_now());
    std::string const note = series.body_of(*write)["note"];
    EXPECT_EQ(note.size(), 1024U);
    EXPECT_TRUE(note.starts_with("\\x1B[31m"));
}

TEST_F(EventSeriesTest, TheNumberOfSeriesIsBounded) {
    for (int index = 0; index < 2'500; ++index) {
        EXPECT_TRUE(series.add(occurrence(std::to_string(index)), clock.steady_now()));
    }
    EXPECT_EQ(series.size(), 2'000U);
}

class EventRecorderTest : public ::testing::Test {
  public:
    test::FakeClock clock;
    test::FakeApiServer api{clock};
};

TEST_F(EventRecorderTest, WritesEventsWhereTheirObjectsAre) {
    {
        EventRecorder recorder(api, "component", "instance", clock);
        recorder.record(pod, EventType::Warning, "Denied", "Admit", "no");
        recorder.record(tenancy, EventType::Normal, "Ready", "Reconcile", "yes");
        recorder.record(tenancy, EventType::Normal, "Ready", "Reconcile", "yes");
    }
    auto const events = api.all(types::events);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(key_of(events[0]).ns, "default");
    EXPECT_EQ(events[0]["regarding"]["name"], "cainiao");
    EXPECT_FALSE(events[0]["regarding"].contains("namespace"));
    EXPECT_EQ(key_of(events[1]).ns, "n");
}

TEST_F(EventRecorderTest, NeverBlocksAndCountsWhatItDrops) {
    std::mutex gate;
    std::unique_lock closed(gate);
    api.on_call([&](test::FakeApiServer::Call const&) { std::lock_guard const wait(gate); });
    {
        EventRecorder recorder(api, "component", "instance", clock);
        for (int index = 0; index < 1'500; ++index) {
            recorder.record(pod, EventType::Normal, "R", "A", std::to_string(index));
        }
        EXPECT_GE(recorder.dropped(), 499U);
        EXPECT_LE(recorder.dropped(), 500U);
        closed.unlock();
    }
    EXPECT_GE(api.all(types::events).size(), 1'000U);
}

TEST_F(EventRecorderTest, AFailingWriteHarmsNothing) {
    api.fail_next(test::Verb::Create, types::events, Error{ErrorKind::Unavailable, "down"});
    {
        EventRecorder recorder(api, "component", "instance", clock);
        recorder.record(pod, EventType::Normal, "R", "A", "first");
        recorder.record(pod, EventType::Normal, "R", "A", "second");
    }
    EXPECT_EQ(api.all(types::events).size(), 1U);
}

}  // namespace
}  // namespace rt::kube
