#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/random.hpp"

namespace rt::op {

/// A mint that failed, or whose result could not be written, and when to try again.
struct MintFailure {
    ErrorKind kind = ErrorKind::Internal;
    /// Where the pull Secret is the trouble and not the cloud: what the grant says about it.
    std::string reason{};
    std::string message{};
    std::string code;
    int count = 0;  ///< in a row
    bool permanent = false;
    SteadyTime next_attempt{};
    std::optional<SteadyTime> told_at{};  ///< when there was an Event of it
    std::string told{};                   ///< which cause that Event told
};

/// Whether someone must change something before it can work: then we try slowly.
[[nodiscard]] bool permanent(Error const& error);

/// How long after the `count`-th failure in a row to wait. Transient: full jitter below 1 s
/// doubling to 60 s, never earlier than the peer asked. Permanent: 1 minute doubling to 10, +- 10
/// %: trust policies take time to propagate, and nobody should have to poke us after fixing one.
[[nodiscard]] std::chrono::nanoseconds retry_delay(Error const& error, int count, Random& random);

/// How long to wait with the next mint after what was minted could not be written, for the
/// `count`-th time in a row: 2 s doubling to 5 minutes, +- 10 %. While the API server is away,
/// every mint is a waste.
[[nodiscard]] std::chrono::nanoseconds write_retry_delay(int count, Random& random);

}  // namespace rt::op
