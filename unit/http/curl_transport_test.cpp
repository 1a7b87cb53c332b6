// The transport against our own server and against sockets that misbehave.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "lib/http/transport.hpp"
#include "unit/http/server_fixture.hpp"

namespace rt::http {
namespace {

using std::chrono::milliseconds;

class CurlTransport : public ServerTest {
  protected:
    CurlTransport() {
        options_.metrics_prefix = "test";
        client_.tls.ca_pem = authority().certificate_pem();
        client_.tls.use_system_cas = false;
    }
    [[nodiscard]] std::string url(std::string const& path, std::string const& scheme = "https",
                                  std::string const& host = "127.0.0.1") const {
        return scheme + "://" + host + ":" + std::to_string(server_->port()) + path;
    }
    /// A transport with client_, which itself stays as it is.
    [[nodiscard]] std::unique_ptr<Transport> make_transport() const {
        CurlTransportOptions options;
        options.tls.ca_pem = client_.tls.ca_pem;
        options.tls.use_system_cas = client_.tls.use_system_cas;
        options.tls.client_certificate_pem = client_.tls.client_certificate_pem;
        options.tls.client_key_pem = client_.tls.client_key_pem.clone();
        options.tls.server_name = client_.tls.server_name;
        options.body_bytes_max = client_.body_bytes_max;
        options.idle_connections_max = client_.idle_connections_max;
        return make_curl_transport(std::move(options));
    }
    [[nodiscard]] Result<Response> get(std::string const& target) const {
        Request request;
        request.url = target;
        return make_transport()->send(request, {});
    }

    CurlTransportOptions client_;
};

TEST_F(CurlTransport, sends_what_it_is_told_and_returns_what_came) {
    start_tls([](ServerRequest const& request) -> Answer {
        ServerResponse response;
        response.status = request.method == "POST" ? 403 : 200;
        response.body = std::string(request.method) + " " + std::string(request.target) + " " +
                        std::string(request.content_type) + " " + std::string(request.body);
        return response;
    });
    Request request;
    request.method = "POST";
    request.url = url("/a/../b?c=%2F");
    request.headers.add("Content-Type", "application/apply-patch+yaml");
    request.body = "{}";
    auto const answer = make_transport()->send(request, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 403) << "any HTTP status is a success of the transport";
    EXPECT_EQ(answer->body, "POST /a/../b?c=%2F application/apply-patch+yaml {}")
        << "the path is sent as written: signatures cover it";
    EXPECT_EQ(answer->headers.get("content-type"), "application/json");
}

TEST_F(CurlTransport, every_method_arrives) {
    start_tls();
    auto const transport = make_transport();
    for (std::string const method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        Request request;
        request.method = method;
        request.url = url("/");
        auto const empty = transport->send(request, {});
        ASSERT_TRUE(empty) << empty.error().message;
        EXPECT_EQ(empty->body, method + " / ");
        request.body = "body";
        EXPECT_EQ(transport->send(request, {})->body, method + " / body");
    }
    Request head;
    head.method = "HEAD";
    head.url = url("/");
    auto const answer = transport->send(head, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "");
}

TEST_F(CurlTransport, uses_one_connection_for_requests_in_a_row) {
    start_tls();
    auto const transport = make_transport();
    Request request;
    request.url = url("/");
    for (int count = 0; count < 5; ++count) {
        ASSERT_TRUE(transport->send(request, {}));
    }
    EXPECT_TRUE(metric_becomes("test_connections", "1"));
}

TEST_F(CurlTransport, keeps_only_so_many_idle_connections) {
    client_.idle_connections_max = 2;
    std::atomic<int> arrived{0};
    start_tls([&](ServerRequest const& request) -> Answer {
        if (request.waited.count() == 0) {
            ++arrived;
        }
        // Nobody is answered before all are here, so five connections must exist at once.
        return arrived >= 5 ? Answer(ServerResponse{}) : Answer(Suspend{milliseconds(1)});
    });
    auto const transport = make_transport();
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 5; ++thread) {
            threads.emplace_back([&] {
                Request request;
                request.url = url("/");
                EXPECT_TRUE(transport->send(request, {}));
            });
        }
    }
    EXPECT_TRUE(metric_becomes("test_connections", "2"));
}

TEST_F(CurlTransport, many_threads_share_one_transport) {
    options_.threads = 2;
    start_tls();
    auto const transport = make_transport();
    std::atomic<int> fine{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&, thread] {
                for (int count = 0; count < 20; ++count) {
                    std::string const path =
                        "/" + std::to_string(thread) + "/" + std::to_string(count);
                    Request request;
                    request.url = url(path);
                    auto const answer = transport->send(request, {});
                    fine += answer && answer->body == "GET " + path + " " ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(fine, 160);
}

TEST_F(CurlTransport, trusts_only_the_authorities_it_was_given) {
    start_tls();
    test::TestAuthority const stranger("stranger");
    client_.tls.ca_pem = stranger.certificate_pem();
    auto const answer = get(url("/secret?token=abc"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(answer.error().message.find("certificate"), std::string::npos)
        << answer.error().message;
    EXPECT_NE(answer.error().message.find("127.0.0.1:"), std::string::npos);
    EXPECT_EQ(answer.error().message.find("abc"), std::string::npos) << "no query in errors";

    client_.tls.ca_pem = stranger.certificate_pem() + authority().certificate_pem();
    client_.tls.use_system_cas = true;
    EXPECT_TRUE(get(url("/"))) << "a bundle, besides the system's";
}

TEST_F(CurlTransport, an_unreadable_ca_bundle_is_an_error_of_every_request) {
    start_tls();
    client_.tls.ca_pem = "hello";
    auto const answer = get(url("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::InvalidArgument);
    EXPECT_NE(answer.error().message.find("CA certificates"), std::string::npos);
}

TEST_F(CurlTransport, checks_the_name_in_the_certificate) {
    start_tls();
    ASSERT_TRUE(server_->set_certificate([] {
        test::TestAuthority const& ca = authority();
        auto const client_only = ca.issue_client("no names at all");
        return ServingCertificate{client_only.certificate_pem, client_only.key_pem, {}};
    }()));
    EXPECT_FALSE(get(url("/")));
}

TEST_F(CurlTransport, another_name_can_be_checked_than_the_one_connected_to) {
    start_tls();
    client_.tls.server_name = "webhook.test";
    auto const answer = get(url("/path?query"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "GET /path?query ");
    client_.tls.server_name = "other.test";
    EXPECT_FALSE(get(url("/")));
}

TEST_F(CurlTransport, proves_itself_with_a_client_certificate) {
    start_tls([](ServerRequest const& request) -> Answer {
        ServerResponse response;
        response.body = request.client_common_name;
        return response;
    });
    auto certificate = serving_certificate();
    certificate.client_ca_pem = authority().certificate_pem();
    ASSERT_TRUE(server_->set_certificate(certificate));
    EXPECT_FALSE(get(url("/")));
    auto const issued = authority().issue_client("operator");
    client_.tls.client_certificate_pem = issued.certificate_pem;
    client_.tls.client_key_pem = SecretString(issued.key_pem);
    auto const answer = get(url("/"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "operator");
    client_.tls.client_key_pem = SecretString("no key");
    auto const broken = get(url("/"));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind, ErrorKind::InvalidArgument) << broken.error().message;
}

TEST_F(CurlTransport, never_follows_a_redirect) {
    start_tls([](ServerRequest const&) -> Answer {
        ServerResponse response;
        response.status = 302;
        return response;
    });
    auto const answer = get(url("/"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302);
}

TEST_F(CurlTransport, ignores_proxies_in_the_environment) {
    start_tls();
    ::setenv("https_proxy", "http://127.0.0.1:1", 1);
    ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    auto const answer = get(url("/"));
    ::unsetenv("https_proxy");
    ::unsetenv("ALL_PROXY");
    EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(CurlTransport, an_answer_over_the_limit_is_corrupt) {
    start_tls([](ServerRequest const&) -> Answer {
        ServerResponse response;
        response.body = std::string(1001, 'x');
        return response;
    });
    client_.body_bytes_max = 1000;
    auto const answer = get(url("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Corrupt);
    EXPECT_NE(answer.error().message.find("1000"), std::string::npos);
    client_.body_bytes_max = 1001;
    EXPECT_TRUE(get(url("/")));
}

TEST_F(CurlTransport, gives_up_at_the_requests_deadline) {
    start_tls([](ServerRequest const&) -> Answer { return Suspend{milliseconds(1)}; });
    Request request;
    request.url = url("/");
    request.timeout = milliseconds(50);
    auto const answer = make_transport()->send(request, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::DeadlineExceeded);
    EXPECT_NE(answer.error().message.find("50 ms"), std::string::npos) << answer.error().message;
}

TEST_F(CurlTransport, a_stop_ends_a_request_that_waits) {
    // The server still asks about the suspended request when this test's locals are gone.
    auto const arrived = std::make_shared<std::atomic<bool>>(false);
    start_tls([arrived](ServerRequest const&) -> Answer {
        *arrived = true;
        return Suspend{milliseconds(1)};
    });
    auto const transport = make_transport();
    std::stop_source stop;
    std::jthread const stopper([&] {
        EXPECT_TRUE(eventually([&] { return arrived->load(); }));
        stop.request_stop();
    });
    Request request;
    request.url = url("/");
    auto const answer = transport->send(request, stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Cancelled);
    auto const again = transport->send(request, stop.get_token());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::Cancelled) << "nothing is sent after a stop";
}

TEST_F(CurlTransport, refuses_what_must_not_be_sent) {
    start_tls();
    struct Case {
        char const* what;
        std::string url;
        std::string name;
        std::string value;
    };
    Case const cases[] = {
        {"no scheme", "127.0.0.1/", "A", "b"},
        {"a file", "file:///etc/hostname", "A", "b"},
        {"credentials in the URL", "https://user:password@127.0.0.1/", "A", "b"},
        {"no host", "https:///path", "A", "b"},
        {"a line break in a value", url("/"), "Authorization", "Bearer abc\r\nX: y"},
        {"a line break in a name", url("/"), "A\nB", "c"},
        {"a colon in a name", url("/"), "A:B", "c"},
        {"an empty name", url("/"), "", "c"},
    };
    for (Case const& c : cases) {
        Request request;
        request.url = c.url;
        request.headers.add(c.name, c.value);
        auto const answer = make_transport()->send(request, {});
        ASSERT_FALSE(answer) << c.what;
        EXPECT_EQ(answer.error().kind, ErrorKind::InvalidArgument) << c.what;
        EXPECT_EQ(answer.error().message.find("abc"), std::string::npos) << "no values in errors";
        EXPECT_EQ(answer.error().message.find("password"), std::string::npos);
    }
}

TEST_F(CurlTransport, a_closed_port_is_unavailable_and_named) {
    start_plain();
    std::string const target = url("/x?secret", "http");
    server_.reset();
    auto const answer = get(target);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(answer.error().message.find("127.0.0.1:"), std::string::npos);
    EXPECT_NE(answer.error().message.find("connecting failed"), std::string::npos)
        << answer.error().message;
    EXPECT_EQ(answer.error().message.find("secret"), std::string::npos);
}

TEST_F(CurlTransport, an_unknown_host_is_unavailable) {
    auto const answer = get("https://no-such-host.invalid/");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(answer.error().message.find("no-such-host.invalid"), std::string::npos);
}

}  // namespace
}  // namespace rt::http
