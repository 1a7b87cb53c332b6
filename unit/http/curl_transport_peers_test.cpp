// The transport against sockets that answer fixed bytes: broken peers, and streams.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "lib/http/transport.hpp"

namespace rt::http {
namespace {

using std::chrono::milliseconds;

/// A peer that takes one connection, answers fixed bytes to whatever comes first, and may stay.
class CannedPeer {
  public:
    CannedPeer(std::string bytes, bool stays) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 4);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this, bytes = std::move(bytes), stays] {
            while (true) {
                int const socket = ::accept(listener_, nullptr, nullptr);
                if (socket < 0) {
                    return;
                }
                char request[4096];
                static_cast<void>(!::read(socket, request, sizeof request));
                ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                while (stays && ::read(socket, request, sizeof request) > 0) {
                }
                ::close(socket);
            }
        });
    }
    ~CannedPeer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(port_) + "/";
    }

  private:
    int listener_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

std::string many_fields(int count) {
    std::string fields;
    for (int index = 0; index < count; ++index) {
        fields += "X-Field: value\r\n";
    }
    return fields;
}

TEST(CurlTransportBadPeers, broken_answers_are_errors_of_the_right_kind) {
    struct Case {
        char const* what;
        std::string bytes;
        ErrorKind kind;
    };
    Case const cases[] = {
        {"nothing", "", ErrorKind::Unavailable},
        {"garbage", "\x01\x02\x03 hello\r\n\r\n", ErrorKind::Corrupt},
        {"half a head", "HTTP/1.1 200 OK\r\nContent-", ErrorKind::Unavailable},
        {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ErrorKind::Unavailable},
        {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc",
         ErrorKind::Unavailable},
        {"an endless field", "HTTP/1.1 200 OK\r\nA: " + std::string(200'000, 'b') + "\r\n\r\n",
         ErrorKind::Corrupt},
        {"endless fields", "HTTP/1.1 200 OK\r\n" + many_fields(20'000) + "\r\n",
         ErrorKind::Corrupt},
    };
    for (Case const& c : cases) {
        CannedPeer const peer(c.bytes, false);
        Request request;
        request.url = peer.url();
        auto const answer = make_curl_transport({})->send(request, {});
        ASSERT_FALSE(answer) << c.what;
        EXPECT_EQ(answer.error().kind, c.kind) << c.what << ": " << answer.error().message;
        EXPECT_EQ(answer.error().message.find("hello"), std::string::npos);
    }
}

TEST(CurlTransportBadPeers, interim_answers_are_skipped) {
    CannedPeer const peer(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A:  spaced \r\n\r\nok",
        false);
    Request request;
    request.url = peer.url();
    auto const answer = make_curl_transport({})->send(request, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_FALSE(answer->headers.has("Link"));
    EXPECT_EQ(answer->headers.get("x-a"), "spaced");
}

std::string chunked_head() {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: watch\r\n\r\n";
}

TEST(CurlTransportStreams, hands_over_chunks_and_ends_with_the_peer) {
    CannedPeer const peer(chunked_head() + "5\r\nline1\r\n5\r\nline2\r\n0\r\n\r\n", false);
    Request request;
    request.url = peer.url();
    std::string seen;
    auto const end = make_curl_transport({})->stream(request,
                                                     [&](std::string_view chunk) {
                                                         seen += chunk;
                                                         return true;
                                                     },
                                                     milliseconds(30'000), {});
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(seen, "line1line2");
    EXPECT_EQ(end->headers.get("x-kind"), "watch");
    EXPECT_EQ(end->body, "");
}

TEST(CurlTransportStreams, ends_when_the_caller_has_seen_enough) {
    CannedPeer const peer(chunked_head() + "5\r\nline1\r\n", true);
    Request request;
    request.url = peer.url();
    auto const end = make_curl_transport({})->stream(
        request, [](std::string_view) { return false; }, milliseconds(30'000), {});
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->status, 200);
}

TEST(CurlTransportStreams, a_silent_stream_ends_at_the_idle_timeout) {
    CannedPeer const peer(chunked_head() + "5\r\nline1\r\n", true);
    Request request;
    request.url = peer.url();
    auto const end = make_curl_transport({})->stream(request, [](std::string_view) { return true; },
                                                     milliseconds(50), {});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, ErrorKind::DeadlineExceeded);
    EXPECT_NE(end.error().message.find("nothing arrived"), std::string::npos);
}

TEST(CurlTransportStreams, a_stop_ends_a_stream) {
    CannedPeer const peer(chunked_head() + "5\r\nline1\r\n", true);
    Request request;
    request.url = peer.url();
    std::stop_source stop;
    auto const end = make_curl_transport({})->stream(
        request,
        [&](std::string_view) {
            stop.request_stop();
            return true;
        },
        milliseconds(30'000), stop.get_token());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, ErrorKind::Cancelled);
}

TEST(CurlTransportStreams, a_refused_stream_returns_the_body_within_its_limit) {
    CannedPeer const peer("HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\nexpired", false);
    Request request;
    request.url = peer.url();
    bool called = false;
    auto const end = make_curl_transport({})->stream(
        request, [&](std::string_view) { return called = true; }, milliseconds(30'000), {});
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->status, 410);
    EXPECT_EQ(end->body, "expired");
    EXPECT_FALSE(called);
}

TEST(CurlTransportStreams, what_the_callback_throws_reaches_the_caller) {
    CannedPeer const peer(chunked_head() + "5\r\nline1\r\n", true);
    Request request;
    request.url = peer.url();
    auto const transport = make_curl_transport({});
    EXPECT_THROW(static_cast<void>(transport->stream(
                     request, [](std::string_view) -> bool { throw std::runtime_error("bug"); },
                     milliseconds(30'000), {})),
                 std::runtime_error);
}

}  // namespace
}  // namespace rt::http
