#pragma once

#include <string>

namespace rt {

/// Source of randomness for jitter and nonces; injected so that tests decide it.
class Random {
  public:
    virtual ~Random() = default;
    /// Uniform in [0, 1).
    virtual double uniform() = 0;
    /// `bytes` random bytes in lower-case hexadecimal; unpredictable (nonces, identities).
    virtual std::string hex(std::size_t bytes) = 0;
};

/// The operating system's randomness (OpenSSL RAND_bytes). Thread-safe.
[[nodiscard]] Random& system_random();

}  // namespace rt
