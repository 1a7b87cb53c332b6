#pragma once

#include <stop_token>
#include <thread>

namespace rt {

/// Turns SIGTERM and SIGINT into a stop request. Create it first in main, before any other thread,
/// so that every thread inherits the blocked mask; a second signal ends the process at once.
class StopOnSignal {
  public:
    StopOnSignal();
    ~StopOnSignal();
    StopOnSignal(StopOnSignal const&) = delete;
    StopOnSignal& operator=(StopOnSignal const&) = delete;

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    /// The same as a signal, for a program that has to end by itself.
    void request_stop() { source_.request_stop(); }

  private:
    std::stop_source source_;
    std::jthread waiter_;
};

}  // namespace rt
