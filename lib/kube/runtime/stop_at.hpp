#pragma once

#include <stop_token>
#include <thread>
#include <utility>

#include "lib/base/clock.hpp"

namespace rt::kube {

/// A stop token that is stopped at a deadline: gives a blocking call a limit on the caller's clock.
class StopAt {
  public:
    StopAt(Clock& clock, SteadyTime deadline)
        : waiter_([this, &clock, deadline](std::stop_token done) {
              if (clock.sleep_until(deadline, std::move(done))) {
                  source_.request_stop();
              }
          }) {}

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

  private:
    std::stop_source source_;
    std::jthread waiter_;  ///< last: ends before the source goes
};

}  // namespace rt::kube
