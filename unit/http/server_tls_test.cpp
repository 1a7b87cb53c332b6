#include <openssl/ssl.h>

#include <string>

#include "unit/http/server_fixture.hpp"

namespace rt::http {
namespace {

class ServerTls : public ServerTest {
  protected:
    static constexpr char const* get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
};

TEST_F(ServerTls, serves_requests_of_every_size_on_one_connection) {
    start_tls();
    auto const client = connect();
    ASSERT_TRUE(client->connected());
    for (std::size_t const size : {1U, 8'000U, 16'384U, 30'000U, 100'000U, 3'000'000U}) {
        std::string const body(size, 'b');
        auto const answer = client->exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                                             std::to_string(size) + "\r\n\r\n" + body);
        EXPECT_EQ(answer.body, "POST / " + body);
    }
}

TEST_F(ServerTls, understands_one_byte_records) {
    start_tls();
    auto const client = connect();
    std::string const request = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    for (char const byte : request) {
        ASSERT_TRUE(client->send(std::string_view(&byte, 1)));
    }
    EXPECT_EQ(client->read_answer().body, "POST /a abc");
}

TEST_F(ServerTls, refuses_handshakes_until_it_has_a_certificate) {
    auto started = start_tls_server(options_, &echo, metrics_);
    ASSERT_TRUE(started);
    server_ = std::move(*started);
    EXPECT_FALSE(connect()->connected());
    EXPECT_TRUE(rejected("no_certificate"));
    ASSERT_TRUE(server_->set_certificate(serving_certificate()));
    EXPECT_EQ(connect()->exchange(get).status, 200);
}

TEST_F(ServerTls, a_new_certificate_serves_new_connections_and_leaves_the_old_ones_alone) {
    options_.threads = 2;
    start_tls();
    auto const before = connect();
    EXPECT_EQ(before->server_name(), "webhook.test");
    EXPECT_EQ(before->exchange(get).status, 200);
    ASSERT_TRUE(server_->set_certificate(serving_certificate("renewed.test")));
    for (int count = 0; count < 4; ++count) {
        auto const after = connect();
        EXPECT_EQ(after->server_name(), "renewed.test");
        EXPECT_EQ(after->exchange(get).status, 200);
    }
    EXPECT_EQ(before->exchange(get).status, 200) << "the old connection goes on";
}

TEST_F(ServerTls, a_certificate_may_come_while_it_stops) {
    options_.threads = 4;
    start_tls();
    auto const certificate = serving_certificate();
    std::atomic<int> rounds = 0;
    std::jthread const renewing([&](std::stop_token const& stop) {
        while (!stop.stop_requested()) {
            EXPECT_TRUE(server_->set_certificate(certificate));
            ++rounds;
        }
    });
    ASSERT_TRUE(eventually([&] { return rounds > 2; }));
    server_->stop(std::chrono::milliseconds(0));
}

TEST_F(ServerTls, a_certificate_that_cannot_be_used_changes_nothing) {
    start_tls();
    auto const good = serving_certificate("other.test");
    auto const another_key = serving_certificate("another.test").private_key_pem;
    struct Case {
        char const* what;
        ServingCertificate certificate;
        char const* message;
    };
    std::string const noise = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    Case const cases[] = {
        {"no certificate", {"", good.private_key_pem, ""}, "certificate chain"},
        {"garbage", {"hello", good.private_key_pem, ""}, "certificate chain"},
        {"no key", {good.certificate_chain_pem, "", ""}, "private key"},
        {"garbage key", {good.certificate_chain_pem, noise, ""}, "private key"},
        {"a key of another certificate",
         {good.certificate_chain_pem, another_key, ""},
         "belongs to another certificate"},
        {"a client CA without certificates",
         {good.certificate_chain_pem, good.private_key_pem, "hello"},
         "client CA"},
    };
    for (Case const& c : cases) {
        auto const set = server_->set_certificate(c.certificate);
        ASSERT_FALSE(set) << c.what;
        EXPECT_EQ(set.error().kind, ErrorKind::InvalidArgument) << c.what;
        EXPECT_NE(set.error().message.find(c.message), std::string::npos)
            << c.what << ": " << set.error().message;
        EXPECT_EQ(set.error().message.find("c2VjcmV0"), std::string::npos) << c.what;
        EXPECT_EQ(connect()->server_name(), "webhook.test") << c.what;
    }
}

TEST_F(ServerTls, refuses_versions_before_tls_1_2) {
    start_tls();
    auto tls = trusting();
    tls.max_version = TLS1_1_VERSION;
    EXPECT_FALSE(test::RawClient(server_->port(), tls).connected());
    EXPECT_TRUE(rejected("handshake_failed"));
    tls.max_version = TLS1_2_VERSION;
    test::RawClient client(server_->port(), tls);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.exchange(get).status, 200);
}

TEST_F(ServerTls, negotiates_http_1_1_only) {
    start_tls();
    auto tls = trusting();
    tls.alpn = "http/1.1";
    EXPECT_EQ(test::RawClient(server_->port(), tls).alpn(), "http/1.1");
    tls.alpn = "h2";
    EXPECT_FALSE(test::RawClient(server_->port(), tls).connected());
}

TEST_F(ServerTls, plain_http_on_the_tls_port_is_a_failed_handshake) {
    start_tls();
    auto const client = connect_plain();
    client->send(get);
    EXPECT_EQ(client->read_answer().status, 0);
    EXPECT_TRUE(rejected("handshake_failed"));
}

TEST_F(ServerTls, a_handshake_that_does_not_go_on_is_timed_out) {
    options_.limits.handshake_timeout = std::chrono::milliseconds(50);
    start_tls();
    auto const client = connect_plain();
    EXPECT_TRUE(client->closed_by_peer());
    EXPECT_TRUE(rejected("handshake_timeout"));
}

TEST_F(ServerTls, only_so_many_handshakes_go_on_at_once) {
    options_.limits.handshakes_max = 1;
    start_tls();
    auto slow = connect_plain();
    ASSERT_TRUE(metric_becomes("test_connections", "1"));
    EXPECT_FALSE(connect()->connected());
    EXPECT_TRUE(rejected("handshakes"));
    slow.reset();
    EXPECT_TRUE(eventually([&] { return connect()->connected(); })) << "an ended one makes room";
}

class ServerClientCertificates : public ServerTls {
  protected:
    void start_demanding() {
        auto started = start_tls_server(
            options_,
            [](ServerRequest const& request) -> Answer {
                ServerResponse response;
                response.body = request.client_common_name;
                return response;
            },
            metrics_);
        ASSERT_TRUE(started);
        server_ = std::move(*started);
        auto certificate = serving_certificate();
        certificate.client_ca_pem = client_authority_.certificate_pem();
        ASSERT_TRUE(server_->set_certificate(certificate));
    }
    test::RawAnswer exchange_as(test::CertificateAndKey const& who) {
        auto tls = trusting();
        tls.certificate_pem = who.certificate_pem;
        tls.key_pem = who.key_pem;
        // In TLS 1.3 a refused client certificate shows only at the first read.
        return test::RawClient(server_->port(), tls).exchange(get);
    }

    test::TestAuthority client_authority_{"client authority"};
};

TEST_F(ServerClientCertificates, the_handler_is_told_the_verified_name) {
    start_demanding();
    auto const answer = exchange_as(client_authority_.issue_client("kube-apiserver"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "kube-apiserver");
}

TEST_F(ServerClientCertificates, without_a_certificate_nothing_is_answered) {
    start_demanding();
    EXPECT_EQ(exchange_as({}).status, 0);
    EXPECT_TRUE(rejected("handshake_failed"));
}

TEST_F(ServerClientCertificates, another_authority_is_not_believed) {
    start_demanding();
    EXPECT_EQ(exchange_as(authority().issue_client("kube-apiserver")).status, 0);
    EXPECT_TRUE(rejected("handshake_failed"));
}

TEST_F(ServerClientCertificates, a_server_certificate_is_no_client_certificate) {
    start_demanding();
    EXPECT_EQ(exchange_as(client_authority_.issue_server("kube-apiserver")).status, 0);
}

TEST_F(ServerTls, draining_says_goodbye_properly) {
    start_tls();
    auto const idle = connect();
    EXPECT_EQ(idle->exchange(get).status, 200);
    server_->drain();
    EXPECT_TRUE(idle->closed_by_peer());
}

TEST_F(ServerTls, an_oversized_body_is_refused_while_the_client_still_sends) {
    options_.limits.body_bytes_max = 1000;
    start_tls();
    auto const client = connect();
    client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
    client->send(std::string(2'000'000, 'x'));
    EXPECT_EQ(client->read_answer().status, 413);
    EXPECT_TRUE(rejected("body_too_large"));
}

TEST(PlainServer, has_no_certificate_to_set) {
    Metrics metrics;
    ServerOptions options;
    options.address = "127.0.0.1";
    auto server = start_plain_server(
        options, [](ServerRequest const&) -> Answer { return ServerResponse{}; }, metrics);
    ASSERT_TRUE(server);
    EXPECT_FALSE((*server)->set_certificate({}));
}

}  // namespace
}  // namespace rt::http
