#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

namespace rt::kube {

/// base * 2^failures, at most `limit`; the jitter is the caller's. `failures` may be any number.
[[nodiscard]] inline std::chrono::milliseconds exponential(std::chrono::milliseconds base,
                                                           std::chrono::milliseconds limit,
                                                           unsigned failures) {
    // 2^30 times any base is beyond every limit, and far from overflowing.
    auto const factor = std::int64_t{1} << std::min(failures, 30U);
    return std::min(limit, base * factor);
}

/// `duration` times `factor`, for jitter.
[[nodiscard]] inline std::chrono::milliseconds scaled(std::chrono::milliseconds duration,
                                                      double factor) {
    return std::chrono::milliseconds(std::llround(static_cast<double>(duration.count()) * factor));
}

}  // namespace rt::kube
