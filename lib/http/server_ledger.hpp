#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "lib/http/server.hpp"

namespace rt::http {

/// Who a connection comes from: an IPv4 address (mapped) or an IPv6 /64, the smallest unit a single
/// party is given.
using PeerKey = std::array<std::uint8_t, 16>;

/// Counts what all connections of a server hold together and says when a limit is reached.
/// Thread-safe; only the body budget is touched per request, and that is one atomic operation.
class ServerLedger {
  public:
    enum class Verdict { Admitted, TooMany, TooManyFromPeer };

    explicit ServerLedger(ServerLimits const& limits) : limits_(limits) {}

    /// On Admitted, disconnect() must follow.
    [[nodiscard]] Verdict connect(PeerKey const& peer);
    void disconnect(PeerKey const& peer);
    /// On Admitted, resume() must follow.
    [[nodiscard]] Verdict suspend(PeerKey const& peer);
    void resume(PeerKey const& peer);

    /// True: end_handshake() must follow.
    [[nodiscard]] bool begin_handshake();
    void end_handshake() { handshakes_.fetch_sub(1); }

    /// True: `bytes` more are held until release(). False: the budget is used up.
    [[nodiscard]] bool charge(std::size_t bytes);
    void release(std::size_t bytes) { body_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t body_bytes() const { return body_bytes_.load(); }
    /// True once no connection is left; false after `limit`.
    [[nodiscard]] bool wait_until_no_connections(std::chrono::milliseconds limit);

  private:
    struct Held {
        std::size_t connections = 0;
        std::size_t suspended = 0;
    };
    void forget_if_unused(PeerKey const& peer, Held const& held);

    ServerLimits const limits_;
    mutable std::mutex mutex_;
    std::condition_variable none_left_;
    std::map<PeerKey, Held> peers_;  ///< bounded by connections_max
    Held total_;
    std::atomic<std::size_t> handshakes_{0};
    std::atomic<std::size_t> body_bytes_{0};
};

}  // namespace rt::http
