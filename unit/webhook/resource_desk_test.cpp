#include "webhook/resource_desk.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "unit/support/eventually.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A request as the server asks it again and again.
struct Asker {
    ResourceDesk& desk;
    std::string body;
    std::shared_ptr<void> kept{};
    milliseconds waited{0};

    /// The answer's body or "status N"; empty: it has to wait.
    std::string ask() {
        http::ServerRequest request;
        request.method = "POST";
        request.target = "/validate-registrytenancy";
        request.content_type = "application/json";
        request.body = body;
        request.waited = waited;
        request.kept = &kept;
        auto const answer = desk.answer(request, seconds{4});
        auto const* const response = std::get_if<http::ServerResponse>(&answer);
        return response == nullptr       ? ""
               : response->status != 200 ? "status " + std::to_string(response->status)
                                         : response->body;
    }
    std::string ask_until_answered() {
        std::string text;
        EXPECT_TRUE(test::eventually([&] { return !(text = ask()).empty(); }));
        return text;
    }
};

http::ServerResponse echo(std::string const& body) {
    http::ServerResponse response;
    response.body = "echo " + body;
    return response;
}

TEST(ResourceDesk, AnswersEachRequestWithItsOwnAndNeverOnTheAskersThread) {
    test::FakeClock clock;
    auto const here = std::this_thread::get_id();
    ResourceDesk desk(
        [&](std::string const& body, SteadyTime deadline, std::stop_token) {
            EXPECT_NE(std::this_thread::get_id(), here);
            EXPECT_EQ(deadline, clock.steady_now() + seconds{4});
            return echo(body);
        },
        clock);
    Asker first{desk, "a"};
    Asker second{desk, "b"};
    EXPECT_EQ(first.ask(), "");
    EXPECT_EQ(second.ask(), "");
    EXPECT_EQ(second.ask_until_answered(), "echo b");
    EXPECT_EQ(first.ask_until_answered(), "echo a");
}

TEST(ResourceDesk, TellsItselfToStopWhenTimeIsUpAndAnswersAllTheSame) {
    test::FakeClock clock;
    ResourceDesk desk(
        [&](std::string const& body, SteadyTime, std::stop_token stop) {
            EXPECT_FALSE(clock.sleep_for(std::chrono::hours{1}, stop));
            return echo(body + " so far");
        },
        clock);
    Asker asker{desk, "a"};
    EXPECT_EQ(asker.ask(), "");
    asker.waited = milliseconds{3'999};
    EXPECT_EQ(asker.ask(), "") << "there is still time";
    asker.waited = milliseconds{4'000};
    EXPECT_EQ(asker.ask_until_answered(), "echo a so far");
}

TEST(ResourceDesk, GivesUpOnWhatDoesNotEnd) {
    test::FakeClock clock;
    std::promise<void> end;
    auto const ended = end.get_future().share();
    {
        ResourceDesk desk(
            [&](std::string const& body, SteadyTime, std::stop_token) {
                ended.wait();
                return echo(body);
            },
            clock);
        Asker asker{desk, "a"};
        EXPECT_EQ(asker.ask(), "");
        asker.waited = milliseconds{5'499};
        EXPECT_EQ(asker.ask(), "");
        asker.waited = milliseconds{5'500};
        EXPECT_EQ(asker.ask(), "status 503");
        end.set_value();
    }
}

TEST(ResourceDesk, QueuesAFewDropsWhoHasGoneAndTurnsTheRestAwayWhenTimeIsUp) {
    test::FakeClock clock;
    std::promise<void> begun;
    std::promise<void> end;
    auto const ended = end.get_future().share();
    std::atomic<int> examined{0};
    ResourceDesk desk(
        [&](std::string const& body, SteadyTime, std::stop_token) {
            if (examined++ == 0) {
                begun.set_value();
                ended.wait();
            }
            return echo(body);
        },
        clock);
    Asker busy{desk, "busy"};
    EXPECT_EQ(busy.ask(), "");
    begun.get_future().wait();
    std::vector<Asker> queue;
    for (std::size_t i = 0; i < ResourceDesk::queue_max; ++i) {
        queue.push_back({desk, "queued"});
        EXPECT_EQ(queue.back().ask(), "");
        EXPECT_TRUE(queue.back().kept);
    }
    Asker late{desk, "late"};
    EXPECT_EQ(late.ask(), "");
    EXPECT_FALSE(late.kept) << "the queue is full: it asks again";
    Asker too_late{desk, "too late", {}, milliseconds{4'000}};
    EXPECT_EQ(too_late.ask(), "status 503");
    queue.clear();  // their clients have gone
    EXPECT_EQ(late.ask(), "");
    EXPECT_TRUE(late.kept);
    end.set_value();
    EXPECT_EQ(busy.ask_until_answered(), "echo busy");
    EXPECT_EQ(late.ask_until_answered(), "echo late");
    EXPECT_EQ(examined, 2) << "nobody waits for those that left";
}

TEST(ResourceDesk, AnswersAFailureOfItsOwnWith500AndGoesOn) {
    test::FakeClock clock;
    ResourceDesk desk(
        [&](std::string const& body, SteadyTime, std::stop_token) {
            if (body == "bad") {
                throw std::runtime_error("odd");
            }
            return echo(body);
        },
        clock);
    Asker bad{desk, "bad"};
    EXPECT_EQ(bad.ask_until_answered(), "status 500");
    Asker good{desk, "good"};
    EXPECT_EQ(good.ask_until_answered(), "echo good");
}

}  // namespace
}  // namespace rt::webhook
