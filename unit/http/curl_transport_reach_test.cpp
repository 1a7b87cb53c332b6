// How the transport reaches a host that cannot be reached as its name says: through a proxy, at a
// private endpoint, and with an authority that counts for it alone.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <vector>

#include "lib/http/authority.hpp"
#include "lib/http/ca_bundles.hpp"
#include "lib/http/no_proxy.hpp"
#include "lib/http/transport.hpp"
#include "unit/http/server_fixture.hpp"

namespace rt::http {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A proxy that knows CONNECT, takes every name for this machine, and notes what it was asked.
class ConnectProxy {
  public:
    /// `refusal`: answered to every request instead, if not empty.
    explicit ConnectProxy(std::string refusal = {})
        : refusal_(std::move(refusal)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address = loopback(0);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 8);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this] {
            for (int client = ::accept(listener_, nullptr, nullptr); client >= 0;
                 client = ::accept(listener_, nullptr, nullptr)) {
                serve(client);
                ::close(client);
            }
        });
    }
    ~ConnectProxy() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::vector<std::string> heads() const {
        std::lock_guard const lock(mutex_);
        return heads_;
    }

  private:
    void serve(int client) {
        std::string head;
        std::array<char, 4096> bytes{};
        while (head.find("\r\n\r\n") == std::string::npos) {
            ssize_t const count = ::read(client, bytes.data(), bytes.size());
            if (count <= 0) {
                return;
            }
            head.append(bytes.data(), static_cast<std::size_t>(count));
        }
        {
            std::lock_guard const lock(mutex_);
            heads_.push_back(head);
        }
        std::string const answer =
            refusal_.empty() ? "HTTP/1.1 200 Connection established\r\n\r\n" : refusal_;
        auto const colon = head.find(':');
        int const server = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in const address =
            loopback(static_cast<std::uint16_t>(std::stoi(head.substr(colon + 1))));
        if (refusal_.empty()) {
            ::connect(server, reinterpret_cast<sockaddr const*>(&address), sizeof address);
        }
        ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        while (refusal_.empty() && pass_on(client, server)) {
        }
        ::close(server);
    }
    static bool pass_on(int one, int other) {
        std::array<pollfd, 2> ends{{{one, POLLIN, 0}, {other, POLLIN, 0}}};
        ::poll(ends.data(), ends.size(), 10'000);
        std::array<char, 4096> bytes{};
        for (std::size_t index = 0; index < ends.size(); ++index) {
            if (ends.at(index).revents == 0) {
                continue;
            }
            ssize_t const count = ::read(ends.at(index).fd, bytes.data(), bytes.size());
            if (count <= 0) {
                return false;
            }
            ::send(ends.at(1 - index).fd, bytes.data(), static_cast<std::size_t>(count),
                   MSG_NOSIGNAL);
        }
        return true;
    }

    std::string const refusal_;
    int const listener_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> heads_;
    std::jthread thread_;
};

class Reach : public ServerTest {
  protected:
    Reach() {
        client_.tls.ca_pem = authority().certificate_pem();
        client_.tls.use_system_cas = false;
    }
    /// Asks once; client_ is used up.
    Result<Response> get(std::string const& url) {
        Request request;
        request.url = url;
        return make_curl_transport(std::move(client_))->send(request, {});
    }
    void use_proxy(ConnectProxy const& proxy, std::string const& login = "",
                   std::string const& exceptions = "") {
        client_.proxy = Proxy{SecretString("http://" + login + proxy.authority()),
                              proxy.authority(), exceptions};
    }
    [[nodiscard]] std::string at(std::string const& host) const {
        return host + ":" + std::to_string(server_->port());
    }

    CurlTransportOptions client_;
};

TEST_F(Reach, a_proxy_carries_https_without_seeing_it) {
    start_tls();
    ConnectProxy const proxy;
    use_proxy(proxy, "user:pass%21@");
    auto const answer = get("https://" + at("webhook.test") + "/path?token=abc");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "GET /path?token=abc ");
    ASSERT_EQ(proxy.heads().size(), 1U);
    std::string const head = proxy.heads().front();
    EXPECT_TRUE(head.starts_with("CONNECT " + at("webhook.test") + " HTTP/1.1\r\n")) << head;
    EXPECT_NE(head.find("Proxy-Authorization: Basic dXNlcjpwYXNzIQ=="), std::string::npos) << head;
    EXPECT_EQ(head.find("abc"), std::string::npos) << head;
}

TEST_F(Reach, behind_a_proxy_the_server_is_verified_all_the_same) {
    start_tls();
    ConnectProxy const proxy;
    use_proxy(proxy);
    auto const answer = get("https://" + at("another.test") + "/");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "TLSUntrusted") << answer.error().message;
}

TEST_F(Reach, plain_http_and_exceptions_pass_by_the_proxy) {
    ConnectProxy const proxy;
    start_plain();
    use_proxy(proxy);
    EXPECT_TRUE(get("http://" + at("127.0.0.1") + "/")) << "as metadata services are asked";
    start_tls();
    for (std::string const exceptions : {"10.0.0.0/8,127.0.0.0/8", "127.0.0.1", "*"}) {
        client_.tls.ca_pem = authority().certificate_pem();
        use_proxy(proxy, "", exceptions);
        EXPECT_TRUE(get("https://" + at("127.0.0.1") + "/")) << exceptions;
    }
    EXPECT_TRUE(proxy.heads().empty());
}

TEST_F(Reach, what_a_proxy_refuses_is_told_and_its_password_is_not) {
    ConnectProxy const proxy(
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    use_proxy(proxy, "user:hunter2@");
    auto const answer = get("https://sts.example.com/");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(answer.error().message.find("407"), std::string::npos) << answer.error().message;
    EXPECT_NE(answer.error().message.find("proxy " + proxy.authority()), std::string::npos)
        << answer.error().message;
    EXPECT_EQ(answer.error().message.find("hunter2"), std::string::npos);
}

TEST_F(Reach, a_proxy_without_an_address_is_no_failure_of_the_hosts_name) {
    client_.proxy = Proxy{SecretString("http://proxy.invalid:3128"), "proxy.invalid:3128", {}};
    auto const answer = get("https://sts.example.com/");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().code, "DNSFailed");
    EXPECT_NE(answer.error().message.find("proxy.invalid"), std::string::npos)
        << answer.error().message;
}

TEST_F(Reach, a_private_endpoint_is_connected_to_under_the_public_name) {
    start_tls();
    client_.connect_to["webhook.test"] = at("127.0.0.1");
    auto const answer = get("https://webhook.test/a");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "GET /a ");

    client_.tls.ca_pem = authority().certificate_pem();
    client_.connect_to["another.test"] = at("127.0.0.1");
    auto const stranger = get("https://another.test/a");
    ASSERT_FALSE(stranger) << "whoever is there must prove to be another.test";
    EXPECT_EQ(stranger.error().code, "TLSUntrusted");
}

TEST_F(Reach, a_private_endpoint_keeps_the_urls_port_where_it_names_none) {
    start_tls();
    client_.connect_to["webhook.test"] = "127.0.0.1";
    auto const answer = get("https://" + at("WEBHOOK.test") + "/a");
    ASSERT_TRUE(answer) << answer.error().message;
}

TEST_F(Reach, the_authority_of_one_host_counts_for_it_alone) {
    start_tls();
    test::TestAuthority const stranger("stranger");
    std::string const ours = authority().certificate_pem();
    struct Case {
        std::string everywhere, host, of_host;
        bool trusted;
    };
    for (auto const& one : std::vector<Case>{
             {stranger.certificate_pem(), "webhook.test", ours, true},
             {ours, "webhook.test", stranger.certificate_pem(), false},
             {stranger.certificate_pem(), "another.test", ours, false},
             {ours, "another.test", stranger.certificate_pem(), true},
         }) {
        client_.tls.ca_pem = one.everywhere;
        client_.tls.ca_of_host[one.host] = one.of_host;
        client_.connect_to["webhook.test"] = at("127.0.0.1");
        auto const answer = get("https://webhook.test/");
        EXPECT_EQ(answer.has_value(), one.trusted) << one.host;
        client_.tls.ca_of_host.clear();
    }
}

TEST(FindProxy, reads_the_environment_as_curl_and_go_do) {
    std::map<std::string, std::string> environment;
    auto const find = [&] {
        return find_proxy([&](char const* name) { return environment[name]; });
    };
    EXPECT_FALSE(find()->has_value());
    environment = {{"HTTPS_PROXY", "proxy.corp:3128"}, {"NO_PROXY", ".svc,10.0.0.0/8"}};
    EXPECT_EQ((*find())->authority, "proxy.corp:3128");
    EXPECT_EQ((*find())->url.reveal(), "http://proxy.corp:3128");
    EXPECT_EQ((*find())->exceptions, ".svc,10.0.0.0/8");
    environment["https_proxy"] = "http://user:p@ss@10.1.2.3:8080/";
    EXPECT_EQ((*find())->authority, "10.1.2.3:8080") << "without the password";
    environment["https_proxy"] = "http://proxy.corp";
    EXPECT_EQ((*find())->url.reveal(), "http://proxy.corp:80");
    environment = {{"HTTP_PROXY", "http://proxy.corp:3128"}};
    EXPECT_FALSE(find()->has_value()) << "we ask clouds over https only";
}

TEST(ProxyOf, passes_by_what_no_proxy_names) {
    struct Case {
        char const* exceptions;
        char const* host;
        bool passes;
    };
    for (Case const& c : std::vector<Case>{
             {"", "sts.example.com", false},
             {"*", "sts.example.com", true},
             {"example.com", "example.com", true},
             {"example.com", "STS.Example.com.", true},
             {".example.com", "sts.example.com", true},
             {".example.com", "example.com", true},
             {"example.com", "notexample.com", false},
             {"sts.example.com", "example.com", false},
             {"a.example, b.example\tc.example", "x.c.example", true},
             {" , .", "a.example", false},
             {"10.0.0.0/8", "10.1.2.3", true},
             {"10.0.0.0/8", "11.1.2.3", false},
             {"10.1.2.0/23", "10.1.3.255", true},
             {"10.1.2.0/23", "10.1.4.0", false},
             {"10.1.2.3", "10.1.2.3", true},
             {"10.1.2.3/33", "10.1.2.3", false},
             {"10.1.2.3/x", "10.1.2.3", false},
             {"2.3", "10.1.2.3", false},
             {"0.0.0.0/0", "10.1.2.3", true},
             {"0.0.0.0/0", "::1", false},
             {"fd00::/8", "[fd12::1]", true},
             {"fd00::/8", "[fe12::1]", false},
             {"::1", "::1", true},
             {"10.0.0.0/8", "10.example.com", false},
         }) {
        EXPECT_EQ(passes_by_proxy(c.exceptions, c.host), c.passes) << c.exceptions << " " << c.host;
    }
    std::optional<Proxy> proxy;
    EXPECT_EQ(proxy_of(proxy)("sts.example.com:443"), "");
    proxy = Proxy{SecretString("http://u:p@proxy.corp:3128"), "proxy.corp:3128", "harbor.corp"};
    EXPECT_EQ(proxy_of(proxy)("sts.example.com:443"), "proxy.corp:3128");
    EXPECT_EQ(proxy_of(proxy)("harbor.corp:8443"), "");
}

TEST(FindProxy, refuses_what_is_no_http_proxy_without_telling_a_password) {
    for (std::string const value :
         {"socks5://user:hunter2@proxy:1080", "https://user:hunter2@proxy:443",
          "http://proxy:3128/hunter2", "http://", "http://proxy:3128?hunter2"}) {
        auto const found = find_proxy([&](char const* name) {
            return std::string(name) == "HTTPS_PROXY" ? value : std::string();
        });
        ASSERT_FALSE(found) << value;
        EXPECT_NE(found.error().message.find("HTTPS_PROXY"), std::string::npos);
        EXPECT_EQ(found.error().message.find("hunter2"), std::string::npos);
    }
}

TEST(HostAndPort, keeps_an_addresss_brackets_and_falls_back_to_the_default_port) {
    EXPECT_EQ(host_and_port("a.example.com", "443").second, "443");
    EXPECT_EQ(host_and_port("a.example.com:8443", "443").second, "8443");
    EXPECT_EQ(host_and_port("a.example.com:8443", "443").first, "a.example.com");
    EXPECT_EQ(host_and_port("[fd00::1]", "80"),
              (std::pair<std::string, std::string>("[fd00::1]", "80")));
    EXPECT_EQ(host_and_port("[fd00::1]:8080", "80"),
              (std::pair<std::string, std::string>("[fd00::1]", "8080")));
}

TEST(CaBundles, a_files_name_says_what_it_is_trusted_for) {
    CaBundles bundles;
    bundles.add("b.pem", "B");
    bundles.add("a.crt", "A");
    bundles.add("Harbor.example.com.ca", "H");
    bundles.add("README", "no");
    EXPECT_EQ(bundles.everywhere, "B\nA\n");
    ASSERT_EQ(bundles.of_host.size(), 1U);
    EXPECT_EQ(bundles.of_host.at("harbor.example.com"), "H\n");
}

}  // namespace
}  // namespace rt::http
