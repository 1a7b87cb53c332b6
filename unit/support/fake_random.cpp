#include "unit/support/fake_random.hpp"

namespace rt::test {

void FakeRandom::push(double value) {
    std::lock_guard const lock(mutex_);
    queued_.push_back(value);
}

double FakeRandom::uniform() {
    std::lock_guard const lock(mutex_);
    if (queued_.empty()) {
        return fallback_;
    }
    double const value = queued_.front();
    queued_.pop_front();
    return value;
}

std::string FakeRandom::hex(std::size_t bytes) {
    std::lock_guard const lock(mutex_);
    std::string digits = std::to_string(++counter_);
    if (digits.size() > bytes * 2) {
        digits.erase(0, digits.size() - bytes * 2);
    }
    return std::string(bytes * 2 - digits.size(), '0') + digits;
}

}  // namespace rt::test
