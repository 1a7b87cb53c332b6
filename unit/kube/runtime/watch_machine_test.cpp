#include "lib/kube/runtime/watch_machine.hpp"

#include <gtest/gtest.h>

#include "lib/kube/core/status.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using namespace watch_input;
using Phase = WatchState::Phase;

SteadyTime const start{1h};

Error error_of(ErrorKind kind, int status = 0, std::string code = {}) {
    Error error{kind, "failed"};
    error.http_status = status;
    error.code = std::move(code);
    return error;
}

WatchState in(Phase phase, std::string version = "7") {
    WatchState state;
    state.phase = phase;
    state.resource_version = std::move(version);
    state.synced = phase == Phase::Watching;
    return state;
}

TEST(WatchMachine, BeginsAsAsked) {
    EXPECT_EQ(to_string(first_state(true, true)), "Streaming, not synced");
    EXPECT_EQ(to_string(first_state(false, true)), "Listing at \"\", not synced, no WatchList");
    EXPECT_EQ(to_string(first_state(false, false)), "Listing at \"0\", not synced, no WatchList");
}

/// One row a transition: state, what happened, the state after, and how long it waits before.
TEST(WatchMachine, Transitions) {
    struct Case {
        char const* what;
        WatchState state;
        WatchInput input;
        char const* next;
        std::chrono::milliseconds wait;
    };
    WatchState no_stream = in(Phase::Watching);
    no_stream.watch_list = false;
    Error throttled = error_of(ErrorKind::Throttled, 429);
    throttled.retry_after = 20s;
    for (Case const& one : {
             Case{"listed", in(Phase::Listing), Listed{"9"}, "Watching from \"9\", synced", 0ms},
             {"streamed", in(Phase::Streaming), Listed{"9"}, "Watching from \"9\", synced", 0ms},
             {"regular end", in(Phase::Watching), Ended{"8"}, "Watching from \"8\", synced", 0ms},
             {"very short watch", in(Phase::Watching), Ended{"7", true},
              "Watching from \"7\", synced, failures 1: the watch ended at once", 1200ms},
             {"stream ended early", in(Phase::Streaming), Ended{},
              "Streaming, not synced, failures 1: the stream ended before its initial events",
              1200ms},
             {"connection refused", in(Phase::Watching),
              Failed{error_of(ErrorKind::Unavailable), "8"},
              "Watching from \"8\", synced, failures 1: failed", 1200ms},
             {"idle too long", in(Phase::Watching),
              Failed{error_of(ErrorKind::DeadlineExceeded), "8"},
              "Watching from \"8\", synced, failures 1: failed", 1200ms},
             {"429", in(Phase::Watching), Failed{throttled, "8"},
              "Watching from \"8\", synced, failures 1: failed", 20s},
             {"410", no_stream, Failed{error_of(ErrorKind::Expired, 410), "8"},
              "Listing at \"\", synced, no WatchList, failures 1: failed", 1200ms},
             {"410 with streams", in(Phase::Watching),
              Failed{error_of(ErrorKind::Expired, 410), "8"},
              "Streaming, synced, failures 1: failed", 1200ms},
             {"410 while listing", no_stream, Failed{error_of(ErrorKind::Expired, 410), ""},
              "Listing at \"\", synced, no WatchList, failures 1: failed", 1200ms},
             {"version too large", no_stream,
              Failed{error_of(ErrorKind::Unavailable, 504,
                              std::string(codes::resource_version_too_large)),
                     "8"},
              "Listing at \"\", synced, no WatchList, failures 1: failed", 1200ms},
             {"403", no_stream, Failed{error_of(ErrorKind::Forbidden, 403), "8"},
              "Listing at \"8\", synced, no WatchList, failures 1: failed", 1200ms},
             {"garbage", no_stream, Failed{error_of(ErrorKind::Corrupt), "8"},
              "Listing at \"8\", synced, no WatchList, failures 1: failed", 1200ms},
             {"404: the type is gone", no_stream, Failed{error_of(ErrorKind::NotFound, 404), "8"},
              "Listing at \"\", not synced, no WatchList, failures 1: failed", 1200ms},
             {"no such storage feature", in(Phase::Streaming),
              Failed{error_of(ErrorKind::Unavailable, 500, "InternalError"), ""},
              "Listing at \"\", not synced, no WatchList, failures 1: failed", 0ms},
             {"sendInitialEvents unknown", in(Phase::Streaming),
              Failed{error_of(ErrorKind::InvalidArgument, 422, "Invalid"), ""},
              "Listing at \"\", not synced, no WatchList, failures 1: failed", 0ms},
             {"stream, server away", in(Phase::Streaming),
              Failed{error_of(ErrorKind::Unavailable), ""},
              "Streaming, not synced, failures 1: failed", 1200ms},
             {"stream, 503", in(Phase::Streaming),
              Failed{error_of(ErrorKind::Unavailable, 503), ""},
              "Streaming, not synced, failures 1: failed", 1200ms},
             {"stream stalled", in(Phase::Streaming), StreamStalled{},
              "Listing at \"\", not synced, no WatchList", 0ms},
             {"proof failed", no_stream, ProofFailed{"missed x"},
              "Listing at \"\", synced, no WatchList, failures 1: missed x", 1200ms},
         }) {
        WatchStep const next = step(one.state, one.input, start, 0.5);
        EXPECT_EQ(to_string(next.state), one.next) << one.what;
        EXPECT_EQ(next.wait, one.wait) << one.what;
    }
}

TEST(WatchMachine, BacksOffFrom800MillisecondsTo30SecondsWithJitter) {
    WatchState state = in(Phase::Watching);
    std::vector<std::chrono::milliseconds> waits;
    SteadyTime now = start;
    for (int attempt = 0; attempt < 8; ++attempt) {
        WatchStep const next = step(state, Failed{error_of(ErrorKind::Unavailable), ""}, now, 0.0);
        waits.push_back(next.wait);
        state = next.state;
        now += next.wait;
    }
    EXPECT_EQ(waits, (std::vector<std::chrono::milliseconds>{800ms, 1600ms, 3200ms, 6400ms, 12800ms,
                                                             25600ms, 30s, 30s}));
    WatchStep const jittered =
        step(state, Failed{error_of(ErrorKind::Unavailable), ""}, now, 0.999);
    EXPECT_GT(jittered.wait, 59s);
    EXPECT_LE(jittered.wait, 60s);
}

TEST(WatchMachine, TheBackOffStartsOverAfterAWatchThatHeldOrTwoQuietMinutes) {
    Failed const failed{error_of(ErrorKind::Unavailable), ""};
    for (auto const& [phase, quiet] :
         {std::pair{Phase::Watching, 30s}, {Phase::Listing, 120s}, {Phase::Streaming, 120s}}) {
        WatchState state = in(phase);
        state.failures = 6;
        state.next_try = start;
        EXPECT_EQ(step(state, failed, start + quiet, 0.0).wait, 30s);
        EXPECT_EQ(step(state, failed, start + quiet + 1ms, 0.0).wait, 800ms);
    }
}

TEST(WatchMachine, AnApiServerThatRestartsNowAndThenIsNotWaitedForLongerEachTime) {
    WatchState state = in(Phase::Watching);
    SteadyTime now = start;
    for (int restart = 0; restart < 20; ++restart) {
        std::chrono::milliseconds waited{0};
        for (auto const kind : {ErrorKind::Unavailable, ErrorKind::Unavailable,
                                ErrorKind::Unavailable, ErrorKind::Expired}) {
            WatchStep const next = step(state, Failed{error_of(kind), ""}, now, 0.999);
            waited += next.wait;
            state = next.state;
            now += next.wait;
        }
        EXPECT_LT(waited, 25s) << restart;
        state = step(state, Listed{"9"}, now, 0.0).state;
        now += 90s;
    }
}

TEST(WatchMachine, ARegularEndClearsTheTrouble) {
    WatchState state = in(Phase::Watching);
    state.trouble = "was down";
    EXPECT_EQ(step(state, Ended{"8"}, start, 0.5).state.trouble, "");
}

}  // namespace
}  // namespace rt::kube
