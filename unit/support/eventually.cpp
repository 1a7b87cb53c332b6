#include "unit/support/eventually.hpp"

#include <chrono>
#include <thread>

namespace rt::test {
namespace {

constexpr std::chrono::milliseconds interval{1};
/// Generous: the sanitizer builds run several tests at once on a few cores.
constexpr std::chrono::seconds patience{60};

}  // namespace

void give_way() {
    std::this_thread::sleep_for(interval);
}

bool eventually(std::function<bool()> const& holds, std::function<void()> const& meanwhile) {
    auto const end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) {
            return false;
        }
        if (meanwhile) {
            meanwhile();
        }
        give_way();
    }
    return true;
}

}  // namespace rt::test
