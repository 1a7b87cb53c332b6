#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/metrics.hpp"

namespace rt::http {

/// Why a connection or request was turned away; the label `reason` of the rejected series.
enum class Rejection : std::size_t {
    Connections,
    ConnectionsPerPeer,
    Handshakes,
    HandshakeFailed,
    HandshakeTimeout,
    NoCertificate,
    HeaderTimeout,
    HeaderTooLarge,
    BodyTimeout,
    BodyTooLarge,
    BodyBudget,
    Malformed,
    Suspended,
    SuspendedPerPeer,
    SuspendedTooLong,
    AnswerTimeout,
    Count,
};

/// What one I/O thread counted since its last flush. Plain numbers: the hot path pays no atomics.
struct RequestTally {
    static constexpr std::array<std::int64_t, 16> bounds_ns{
        25'000,      50'000,      100'000,       250'000,      500'000,    1'000'000,
        2'500'000,   5'000'000,   10'000'000,    25'000'000,   50'000'000, 100'000'000,
        250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000};

    std::array<std::uint32_t, 6> by_class{};  ///< [2] = 2xx ...; [0] = anything else
    std::array<std::uint32_t, bounds_ns.size() + 1> by_latency{};
    std::int64_t latency_sum_ns = 0;
    std::uint32_t exceptions = 0;
    bool dirty = false;

    /// A request that the handler answered.
    void count(int status, std::chrono::nanoseconds latency);
    /// A request that was refused before a handler saw it.
    void count_refused(int status);
};

/// A server's series, resolved once. Without a prefix every call does nothing. Thread-safe.
class ServerMetrics {
  public:
    ServerMetrics(Metrics& metrics, std::string const& prefix);

    void rejected(Rejection reason);
    void connected(int difference);
    /// Adds what `tally` holds to the series and empties it.
    void flush(RequestTally& tally);

  private:
    std::array<Counter*, 6> by_class_{};
    std::array<Counter*, static_cast<std::size_t>(Rejection::Count)> rejected_{};
    Histogram* latency_ = nullptr;
    Counter* exceptions_ = nullptr;
    Gauge* connections_ = nullptr;
};

}  // namespace rt::http
