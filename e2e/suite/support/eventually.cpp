#include "e2e/suite/support/eventually.hpp"

#include <thread>

namespace e2e {
namespace {

using Clock = std::chrono::steady_clock;
// Every look costs a kubectl process, and several tests look at once on few cores.
constexpr auto interval = std::chrono::milliseconds(700);

}  // namespace

testing::AssertionResult eventually(std::chrono::seconds limit, Problem const& problem) {
    auto const deadline = Clock::now() + limit;
    std::string last;
    do {
        last = problem();
        if (last.empty()) {
            return testing::AssertionSuccess();
        }
        std::this_thread::sleep_for(interval);
    } while (Clock::now() < deadline);
    return testing::AssertionFailure() << "still after " << limit.count() << " s: " << last;
}

testing::AssertionResult throughout(std::chrono::seconds time, Problem const& problem) {
    auto const begin = Clock::now();
    do {
        std::string const wrong = problem();
        if (!wrong.empty()) {
            auto const after =
                std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
            return testing::AssertionFailure() << "after " << after.count() << " s: " << wrong;
        }
        std::this_thread::sleep_for(interval);
    } while (Clock::now() < begin + time);
    return testing::AssertionSuccess();
}

}  // namespace e2e
