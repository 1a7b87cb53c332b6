// What requests the server takes, over plain TCP so that every byte is chosen here; TLS changes
// nothing above the socket and has its own file.
#include <string>
#include <string_view>
#include <vector>

#include "unit/http/server_fixture.hpp"

namespace rt::http {
namespace {

class ServerProtocol : public ServerTest {};

TEST_F(ServerProtocol, answers_a_request_with_a_body) {
    start_plain();
    auto const client = connect_plain();
    auto const answer = client->exchange(
        "POST /mutate?timeout=3s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /mutate?timeout=3s hello");
    EXPECT_TRUE(answer.has("Content-Type: text/plain\r\n"));
    EXPECT_TRUE(answer.has("Date: ")) << answer.head;
    EXPECT_FALSE(answer.has("Connection: close"));
    EXPECT_TRUE(metric_becomes("test_requests_total{class=\"2xx\"}", "1"));
    EXPECT_TRUE(metric_becomes("test_request_duration_seconds_count", "1"));
    EXPECT_TRUE(metric_becomes("test_connections", "1"));
}

TEST_F(ServerProtocol, keeps_a_connection_for_many_requests) {
    start_plain();
    auto const client = connect_plain();
    for (int count = 0; count < 100; ++count) {
        std::string const path = "/" + std::to_string(count);
        EXPECT_EQ(client->exchange("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").body,
                  "GET " + path + " ");
    }
    EXPECT_TRUE(metric_becomes("test_requests_total{class=\"2xx\"}", "100"));
}

TEST_F(ServerProtocol, understands_a_request_that_arrives_byte_by_byte) {
    start_plain();
    auto const client = connect_plain();
    std::string const request =
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
    for (char const byte : request) {
        ASSERT_TRUE(client->send(std::string_view(&byte, 1)));
    }
    EXPECT_EQ(client->read_answer().body, "POST /a abc");
    EXPECT_EQ(client->read_answer().body, "POST /b de");
}

TEST_F(ServerProtocol, answers_pipelined_requests_in_order_and_refuses_junk_behind_them) {
    start_plain();
    auto const client = connect_plain();
    client->send(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
        "\x01\x02 junk\r\n\r\n");
    EXPECT_EQ(client->read_answer().body, "GET /1 ");
    EXPECT_EQ(client->read_answer().body, "POST /2 ok");
    auto const refused = client->read_answer();
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(refused.has("Connection: close"));
    EXPECT_TRUE(client->closed_by_peer());
    EXPECT_TRUE(rejected("malformed"));
}

TEST_F(ServerProtocol, reads_a_chunked_body) {
    start_plain();
    auto const client = connect_plain();
    std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string body;
    for (int count = 1; count <= 300; ++count) {
        std::string const chunk(static_cast<std::size_t>(count), 'a');
        char size[16];
        std::snprintf(size, sizeof size, "%x\r\n", count);
        request += size + chunk + "\r\n";
        body += chunk;
    }
    request += "0\r\nTrailer: ignored\r\n\r\n";
    EXPECT_EQ(client->exchange(request).body, "POST / " + body);
    EXPECT_EQ(client->exchange("GET /next HTTP/1.1\r\nHost: x\r\n\r\n").body, "GET /next ");
}

TEST_F(ServerProtocol, a_body_larger_than_the_first_buffer_arrives_whole_and_padded) {
    std::atomic<bool> padded{false};
    start_plain([&](ServerRequest const& request) -> Answer {
        // Reading behind the body is what the address sanitizer would stop.
        std::string const behind(request.body.data() + request.body.size(), body_padding_bytes);
        padded = behind.size() == body_padding_bytes;
        ServerResponse response;
        response.body = std::to_string(request.body.size()) + request.body.substr(0, 3).data()[0] +
                        request.body.back();
        return response;
    });
    auto const client = connect_plain();
    for (std::size_t const size :
         {std::size_t{65'536}, std::size_t{1'000'000}, std::size_t{10'000'000}, std::size_t{100}}) {
        client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
                     "\r\n\r\n");
        client->send("<" + std::string(size - 2, 'b') + ">");
        EXPECT_EQ(client->read_answer().body, std::to_string(size) + "<>");
    }
    EXPECT_TRUE(padded);
}

TEST_F(ServerProtocol, asks_for_the_body_where_the_client_waits_for_that) {
    start_plain();
    auto const client = connect_plain();
    client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client->read_answer().status, 100);
    EXPECT_EQ(client->exchange("ok").body, "POST / ok");
}

TEST_F(ServerProtocol, closes_when_the_client_asks_for_it_or_speaks_http_1_0) {
    start_plain();
    for (std::string_view const request :
         {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
        auto const client = connect_plain();
        auto const answer = client->exchange(request);
        EXPECT_EQ(answer.status, 200) << request;
        EXPECT_TRUE(answer.has("Connection: close")) << request;
        EXPECT_TRUE(client->closed_by_peer()) << request;
    }
}

TEST_F(ServerProtocol, replaces_a_connection_after_its_number_of_requests) {
    options_.limits.requests_per_connection_max = 3;
    start_plain();
    auto const client = connect_plain();
    std::string const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_FALSE(client->exchange(request).has("Connection: close"));
    EXPECT_FALSE(client->exchange(request).has("Connection: close"));
    EXPECT_TRUE(client->exchange(request).has("Connection: close"));
    EXPECT_TRUE(client->closed_by_peer());
}

TEST_F(ServerProtocol, replaces_a_connection_that_has_grown_old) {
    options_.limits.connection_age_max = std::chrono::milliseconds(0);
    start_plain();
    auto const client = connect_plain();
    auto const answer = client->exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.has("Connection: close"));
}

TEST_F(ServerProtocol, leaves_the_body_out_of_answers_to_head) {
    start_plain();
    auto const client = connect_plain();
    client->send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    client->send("");
    auto const answer = client->read_answer();  // waits for a body that must not come
    EXPECT_EQ(answer.status, 0);
}

struct Refusal {
    char const* what;
    std::string request;
    int status;
};

class ServerRefusals : public ServerProtocol, public testing::WithParamInterface<Refusal> {};

TEST_P(ServerRefusals, answers_with_an_empty_body_and_closes) {
    options_.limits.body_bytes_max = 1000;
    std::atomic<int> handled{0};
    start_plain([&](ServerRequest const&) -> Answer {
        ++handled;
        return ServerResponse{};
    });
    auto const client = connect_plain();
    auto const answer = client->exchange(GetParam().request);
    EXPECT_EQ(answer.status, GetParam().status);
    EXPECT_EQ(answer.body, "");
    EXPECT_TRUE(answer.has("Content-Length: 0\r\n"));
    EXPECT_TRUE(answer.has("Connection: close"));
    EXPECT_TRUE(client->closed_by_peer());
    EXPECT_EQ(handled, 0);
}

std::string with(std::string const& fields) {
    return "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

std::string many_fields(int count) {
    std::string fields;
    for (int index = 0; index < count; ++index) {
        fields += "X-" + std::to_string(index) + ": y\r\n";
    }
    return fields;
}

INSTANTIATE_TEST_SUITE_P(
    table, ServerRefusals,
    testing::Values(
        Refusal{"no_http", "hello\r\n\r\n", 400},
        Refusal{"http2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Refusal{"http_version_9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400},
        Refusal{"tls_hello_on_a_plain_port", std::string("\x16\x03\x01\x02\x00\x01\n", 7), 400},
        Refusal{"empty_line_first", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Refusal{"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"two_hosts", with("Host: y\r\n"), 400},
        Refusal{"bare_line_feed", "GET / HTTP/1.1\nHost: x\n\n", 400},
        Refusal{"bare_line_feed_in_fields", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400},
        Refusal{"folded_field", with("A: b\r\n c\r\n"), 400},
        Refusal{"folded_by_tab", with("A: b\r\n\tc\r\n"), 400},
        Refusal{"space_before_colon", with("A : b\r\n"), 400},
        Refusal{"no_colon", with("A\r\n"), 400},
        Refusal{"nul_in_value", with(std::string("A: b\0c\r\n", 8)), 400},
        Refusal{"nul_in_target", std::string("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 28), 400},
        Refusal{"length_and_chunked",
                with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
        Refusal{"chunked_and_length",
                with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\n", 400},
        Refusal{"two_lengths", with("Content-Length: 3\r\nContent-Length: 4\r\n") + "abcd", 400},
        Refusal{"the_same_length_twice", with("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc",
                400},
        Refusal{"list_of_lengths", with("Content-Length: 3, 3\r\n") + "abc", 400},
        Refusal{"negative_length", with("Content-Length: -1\r\n"), 400},
        Refusal{"length_with_sign", with("Content-Length: +3\r\n") + "abc", 400},
        Refusal{"hexadecimal_length", with("Content-Length: 0x3\r\n") + "abc", 400},
        Refusal{"length_beyond_64_bits", with("Content-Length: 99999999999999999999999\r\n"), 400},
        Refusal{"unknown_encoding", with("Transfer-Encoding: gzip\r\n"), 400},
        Refusal{"encoding_before_chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 400},
        Refusal{"chunked_before_encoding", with("Transfer-Encoding: chunked, gzip\r\n"), 400},
        Refusal{"chunked_twice",
                with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Refusal{"chunked_in_http_1_0",
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"bad_chunk_size", with("Transfer-Encoding: chunked\r\n") + "zz\r\nab\r\n", 400},
        Refusal{"chunk_longer_than_said",
                with("Transfer-Encoding: chunked\r\n") + "1\r\nabc\r\n0\r\n\r\n", 400},
        Refusal{"endless_chunk_extension",
                with("Transfer-Encoding: chunked\r\n") + "1;" + std::string(30'000, 'e'), 400},
        Refusal{"unknown_expectation", with("Expect: a-miracle\r\n"), 417},
        Refusal{"length_over_the_limit", with("Content-Length: 1001\r\n"), 413},
        Refusal{"chunk_over_the_limit", with("Transfer-Encoding: chunked\r\n") + "3e9\r\n", 413},
        Refusal{"chunks_over_the_limit",
                with("Transfer-Encoding: chunked\r\n") + "1f4\r\n" + std::string(500, 'a') +
                    "\r\n1f5\r\n" + std::string(501, 'a') + "\r\n0\r\n\r\n",
                413},
        Refusal{"long_field", with("A: " + std::string(20'000, 'b') + "\r\n"), 431},
        Refusal{"long_target", "GET /" + std::string(20'000, 'b') + " HTTP/1.1\r\n\r\n", 431},
        Refusal{"endless_head", std::string(70'000, 'b'), 431},
        Refusal{"many_fields", with(many_fields(64)), 431}),
    [](auto const& parameter) { return std::string(parameter.param.what); });

TEST_F(ServerProtocol, takes_as_many_fields_as_allowed) {
    start_plain();
    auto const client = connect_plain();
    EXPECT_EQ(client->exchange("GET / HTTP/1.1\r\nHost: x\r\n" + many_fields(63) + "\r\n").status,
              200);
}

TEST_F(ServerProtocol, a_throwing_handler_costs_an_empty_500_and_a_count) {
    start_plain([](ServerRequest const& request) -> Answer {
        if (request.target == "/throw") {
            throw std::runtime_error("a bug");
        }
        if (request.target == "/throw-a-number") {
            throw 7;
        }
        return echo(request);
    });
    auto const client = connect_plain();
    for (std::string const path : {"/throw", "/throw-a-number"}) {
        auto const answer = client->exchange("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(answer.status, 500);
        EXPECT_EQ(answer.body, "");
    }
    EXPECT_EQ(client->exchange("GET /fine HTTP/1.1\r\nHost: x\r\n\r\n").status, 200)
        << "the connection goes on";
    EXPECT_TRUE(metric_becomes("test_handler_exceptions_total", "2"));
    EXPECT_TRUE(metric_becomes("test_requests_total{class=\"5xx\"}", "2"));
}

TEST_F(ServerProtocol, an_answer_may_ask_the_client_to_come_back) {
    start_plain([](ServerRequest const&) -> Answer {
        ServerResponse response;
        response.status = 429;
        response.retry_after_seconds = 7;
        return response;
    });
    auto const answer = connect_plain()->exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.status, 429);
    EXPECT_TRUE(answer.has("Retry-After: 7\r\n"));
}

TEST_F(ServerProtocol, a_large_answer_arrives_whole) {
    std::string const large(3'000'000, 'x');
    start_plain([&](ServerRequest const&) -> Answer {
        ServerResponse response;
        response.body = large;
        return response;
    });
    auto const client = connect_plain();
    EXPECT_EQ(client->exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").body, large);
    EXPECT_EQ(client->exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").body, large);
}

TEST_F(ServerProtocol, a_port_in_use_is_an_error_that_names_it) {
    start_plain();
    options_.port = server_->port();
    auto const second = start_plain_server(options_, &echo, metrics_);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("127.0.0.1:" + std::to_string(options_.port)),
              std::string::npos)
        << second.error().message;
    options_.address = "no-address";
    EXPECT_FALSE(start_plain_server(options_, &echo, metrics_));
}

}  // namespace
}  // namespace rt::http
