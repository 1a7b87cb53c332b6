#pragma once

#include <deque>
#include <mutex>
#include <string>

#include "lib/base/random.hpp"

namespace rt::test {

/// Randomness that a test decides: uniform() gives the queued values in order, then `fallback`;
/// hex() counts up ("00000001", "00000002", ...), so that two nonces are never equal. Thread-safe.
class FakeRandom final : public Random {
  public:
    explicit FakeRandom(double fallback = 0.5) : fallback_(fallback) {}

    void push(double value);

    double uniform() override;
    std::string hex(std::size_t bytes) override;

  private:
    std::mutex mutex_;
    std::deque<double> queued_;
    double fallback_;
    unsigned long counter_ = 0;
};

}  // namespace rt::test
