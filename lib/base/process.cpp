#include "lib/base/process.hpp"

#include <csignal>
#include <ctime>

namespace rt {
namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

}  // namespace

StopOnSignal::StopOnSignal() {
    sigset_t const set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // A peer that closes its connection must cost an error code, not the process.
    std::signal(SIGPIPE, SIG_IGN);
    waiter_ = std::jthread([this, set](std::stop_token stop) {
        // sigtimedwait in slices, so that the destructor can end this thread without a signal.
        timespec const slice{0, 200'000'000};
        while (!stop.stop_requested()) {
            if (sigtimedwait(&set, nullptr, &slice) > 0) {
                source_.request_stop();
                // From now on a signal has its default effect again.
                pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
                return;
            }
        }
    });
}

StopOnSignal::~StopOnSignal() = default;

}  // namespace rt
