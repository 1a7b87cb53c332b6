// What a peer can make the server hold or wait for. Limits are set short or small, and the tests
// wait for the server's reaction, never for a duration.
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "unit/http/server_fixture.hpp"

namespace rt::http {
namespace {

using std::chrono::milliseconds;

class ServerLimitsTest : public ServerTest {
  protected:
    static constexpr char const* get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
};

TEST_F(ServerLimitsTest, a_head_that_does_not_end_is_timed_out) {
    options_.limits.header_timeout = milliseconds(50);
    start_plain();
    auto const client = connect_plain();
    client->send("GET / HTTP/1.1\r\nHost:");
    EXPECT_EQ(client->read_answer().status, 408);
    EXPECT_TRUE(client->closed_by_peer());
    EXPECT_TRUE(rejected("header_timeout"));
}

TEST_F(ServerLimitsTest, the_head_of_a_later_request_is_timed_out_too) {
    options_.limits.header_timeout = milliseconds(50);
    start_plain();
    auto const client = connect_plain();
    EXPECT_EQ(client->exchange(get).status, 200);
    client->send("G");
    EXPECT_EQ(client->read_answer().status, 408);
}

TEST_F(ServerLimitsTest, a_body_that_does_not_come_is_timed_out) {
    options_.limits.body_timeout = milliseconds(50);
    start_plain();
    for (std::string const fields :
         {"Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
        auto const client = connect_plain();
        EXPECT_EQ(client->exchange("POST / HTTP/1.1\r\nHost: x\r\n" + fields).status, 408);
        EXPECT_TRUE(client->closed_by_peer());
    }
    EXPECT_TRUE(metric_becomes("test_rejected_total{reason=\"body_timeout\"}", "2"));
}

TEST_F(ServerLimitsTest, an_idle_connection_is_closed_without_an_answer) {
    options_.limits.idle_timeout = milliseconds(50);
    start_plain();
    auto const fresh = connect_plain();
    EXPECT_TRUE(fresh->closed_by_peer());
    auto const used = connect_plain();
    EXPECT_EQ(used->exchange(get).status, 200);
    EXPECT_TRUE(used->closed_by_peer());
    EXPECT_TRUE(metric_becomes("test_connections", "0"));
}

TEST_F(ServerLimitsTest, a_peer_that_reads_no_answer_is_cut_off) {
    options_.limits.body_timeout = milliseconds(100);
    start_plain([](ServerRequest const&) -> Answer {
        ServerResponse response;
        response.body = std::string(std::size_t{64} * 1024 * 1024, 'x');
        return response;
    });
    auto const client = connect_plain();
    client->send(get);
    EXPECT_TRUE(rejected("answer_timeout"));
    EXPECT_TRUE(metric_becomes("test_connections", "0"));
}

TEST_F(ServerLimitsTest, one_peer_gets_only_its_share_of_connections) {
    options_.limits.connections_per_peer_max = 2;
    start_plain();
    auto first = connect_plain();
    auto const second = connect_plain();
    EXPECT_EQ(first->exchange(get).status, 200);
    EXPECT_EQ(second->exchange(get).status, 200);
    auto const third = connect_plain();
    EXPECT_TRUE(third->closed_by_peer());
    EXPECT_TRUE(rejected("connections_per_peer"));

    first.reset();
    EXPECT_TRUE(eventually([&] { return connect_plain()->exchange(get).status == 200; }))
        << "a closed connection makes room";
}

TEST_F(ServerLimitsTest, all_peers_together_get_only_so_many_connections) {
    options_.limits.connections_max = 1;
    start_plain();
    auto const first = connect_plain();
    EXPECT_EQ(first->exchange(get).status, 200);
    EXPECT_TRUE(connect_plain()->closed_by_peer());
    EXPECT_TRUE(rejected("connections"));
}

TEST_F(ServerLimitsTest, bodies_in_flight_share_one_budget_charged_by_what_arrived) {
    options_.limits.body_bytes_in_flight_max = 1000;
    start_plain();
    auto const announcing = connect_plain();
    announcing->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    auto const other = connect_plain();
    std::string const large =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'a');
    EXPECT_EQ(other->exchange(large).status, 200) << "what is only announced costs nothing";

    announcing->send(std::string(500, 'b'));
    auto const refused = [&] {
        // Until the 500 bytes have been read, the large body still fits.
        auto const answer = connect_plain()->exchange(large);
        return answer.status == 503 && answer.has("Retry-After: 1\r\n");
    };
    EXPECT_TRUE(eventually(refused));
    EXPECT_EQ(announcing->exchange(std::string(500, 'b')).status, 200);
    EXPECT_EQ(connect_plain()->exchange(large).status, 200) << "answered bodies are given back";
    EXPECT_TRUE(rejected("body_budget"));
}

/// A handler that suspends until it is let go.
class Gate {
  public:
    Answer ask(ServerRequest const& request) {
        ++asked_;
        if (!open_ && request.target == "/suspend") {
            return Suspend{milliseconds(1)};
        }
        ServerResponse response;
        response.body = request.waited.count() > 0 ? "waited" : "at once";
        return response;
    }
    void open() { open_ = true; }
    [[nodiscard]] int asked() const { return asked_; }

  private:
    std::atomic<bool> open_{false};
    std::atomic<int> asked_{0};
};

/// A server that suspends "/suspend" until its gate opens.
class ServerSuspendsTest : public ServerLimitsTest {
  protected:
    static constexpr char const* suspend = "GET /suspend HTTP/1.1\r\nHost: x\r\n\r\n";

    void start() {
        start_plain([this](ServerRequest const& request) { return gate_.ask(request); });
    }
    /// A client whose request was suspended, and asked about again.
    std::unique_ptr<test::RawClient> suspended() {
        int const before = gate_.asked();
        auto client = connect_plain();
        client->send(suspend);
        EXPECT_TRUE(eventually([&] { return gate_.asked() >= before + 2; }));
        return client;
    }
    Gate gate_;
};

TEST_F(ServerSuspendsTest, a_suspended_request_is_asked_again_while_others_are_answered) {
    start();
    auto const client = suspended();
    EXPECT_EQ(connect_plain()->exchange(get).body, "at once") << "no thread waits";
    gate_.open();
    EXPECT_EQ(client->read_answer().body, "waited");
}

TEST_F(ServerSuspendsTest, over_the_cap_of_suspended_requests_clients_are_sent_away) {
    options_.limits.suspended_max = 1;
    start();
    auto const waiting = suspended();
    auto const other = connect_plain();
    auto const answer = other->exchange(suspend);
    EXPECT_EQ(answer.status, 429);
    EXPECT_TRUE(answer.has("Retry-After: 1\r\n"));
    EXPECT_FALSE(answer.has("Connection: close")) << "the connection is fine";
    EXPECT_TRUE(rejected("suspended"));
    gate_.open();
    EXPECT_EQ(waiting->read_answer().status, 200);
    EXPECT_EQ(other->exchange(suspend).status, 200);
}

TEST_F(ServerSuspendsTest, one_peer_gets_only_its_share_of_suspended_requests) {
    options_.limits.suspended_per_peer_max = 1;
    start();
    auto const waiting = suspended();
    EXPECT_EQ(connect_plain()->exchange(suspend).status, 429);
    EXPECT_TRUE(rejected("suspended_per_peer"));
    gate_.open();
    EXPECT_EQ(waiting->read_answer().status, 200);
}

TEST_F(ServerSuspendsTest, a_handler_that_never_decides_is_answered_for) {
    options_.limits.suspended_wait_max = milliseconds(20);
    start();
    auto const answer = connect_plain()->exchange(suspend);
    EXPECT_EQ(answer.status, 503);
    EXPECT_TRUE(answer.has("Retry-After: 1\r\n"));
    EXPECT_TRUE(rejected("suspended_too_long"));
}

TEST_F(ServerSuspendsTest, draining_closes_idle_connections_and_ends_busy_ones_with_their_answer) {
    start();
    auto const idle = connect_plain();
    EXPECT_EQ(idle->exchange(get).status, 200);
    auto const fresh = connect_plain();
    ASSERT_TRUE(metric_becomes("test_connections", "2"));
    auto const busy = suspended();

    server_->drain();
    EXPECT_TRUE(idle->closed_by_peer());
    auto const late = connect_plain()->exchange(get);
    EXPECT_EQ(late.status, 200) << "who has not heard of it yet must not meet a closed door";
    EXPECT_TRUE(late.has("Connection: close"));
    EXPECT_EQ(fresh->exchange(get).status, 200) << "its first request may be on the way";
    EXPECT_TRUE(fresh->closed_by_peer());

    gate_.open();
    auto const answer = busy->read_answer();
    EXPECT_EQ(answer.body, "waited");
    EXPECT_TRUE(answer.has("Connection: close"));
    EXPECT_TRUE(busy->closed_by_peer());
}

TEST_F(ServerSuspendsTest, stopping_lets_requests_in_flight_finish) {
    start();
    auto const busy = suspended();
    std::jthread const stopper([&] { server_->stop(std::chrono::seconds(30)); });
    ASSERT_TRUE(eventually([&] { return !connect_plain()->connected(); })) << "accepts no more";
    gate_.open();
    EXPECT_EQ(busy->read_answer().body, "waited");
}

TEST_F(ServerSuspendsTest, stopping_without_grace_closes_everything) {
    start();
    auto const idle = connect_plain();
    auto const halfway = connect_plain();
    halfway->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    auto const busy = suspended();
    server_->stop(milliseconds(0));
    EXPECT_TRUE(idle->closed_by_peer());
    EXPECT_TRUE(halfway->closed_by_peer());
    server_->stop(milliseconds(0));  // a second time does nothing
}

TEST_F(ServerLimitsTest, several_threads_share_the_connections) {
    options_.threads = 3;
    std::mutex mutex;
    std::vector<std::thread::id> threads;
    start_plain([&](ServerRequest const& request) {
        std::lock_guard const lock(mutex);
        threads.push_back(std::this_thread::get_id());
        return echo(request);
    });
    std::vector<std::unique_ptr<test::RawClient>> clients;
    for (int count = 0; count < 6; ++count) {
        clients.push_back(connect_plain());
        EXPECT_EQ(clients.back()->exchange(get).status, 200);
    }
    ASSERT_EQ(threads.size(), 6U);
    for (std::size_t index = 0; index < 3; ++index) {
        EXPECT_EQ(threads[index], threads[index + 3]) << "dealt round-robin";
        EXPECT_NE(threads[index], threads[(index + 1) % 3]);
    }
}

}  // namespace
}  // namespace rt::http
