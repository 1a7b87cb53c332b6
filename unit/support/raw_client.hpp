#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace rt::test {

/// How a RawClient's TLS behaves; empty ca_pem: plain TCP.
struct RawTls {
    std::string ca_pem{};
    std::string certificate_pem{};
    std::string key_pem{};
    int max_version = 0;  ///< e.g. TLS1_1_VERSION; 0: no limit
    std::string alpn{};   ///< one protocol to offer; empty: no ALPN
};

/// One answer as received.
struct RawAnswer {
    int status = 0;  ///< 0: the peer closed before a whole answer
    std::string head;
    std::string body;

    [[nodiscard]] bool has(std::string_view line) const {
        return head.find(line) != std::string::npos;
    }
};

/// A blocking client that sends exactly the bytes it is told to, which no real client would. Every
/// wait ends after 30 s, which only a broken server reaches.
class RawClient {
  public:
    /// Connects to 127.0.0.1:`port` and, with TLS, shakes hands; see connected().
    explicit RawClient(std::uint16_t port, RawTls const& tls = {});
    ~RawClient();
    RawClient(RawClient const&) = delete;
    RawClient& operator=(RawClient const&) = delete;

    /// False where connecting or the handshake failed.
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string alpn() const;
    /// The server certificate's subject common name.
    [[nodiscard]] std::string server_name() const;

    /// False where the peer has closed.
    bool send(std::string_view bytes);
    /// Reads one answer with Content-Length.
    [[nodiscard]] RawAnswer read_answer();
    /// True once the peer has closed and nothing but what was read before had arrived.
    [[nodiscard]] bool closed_by_peer();

    RawAnswer exchange(std::string_view request) {
        send(request);
        return read_answer();
    }

  private:
    std::size_t receive(char* out, std::size_t size);

    int socket_ = -1;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_;
    bool connected_ = false;
    std::string held_;
};

}  // namespace rt::test
