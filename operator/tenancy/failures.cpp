#include "operator/tenancy/failures.hpp"

#include <algorithm>

namespace rt::op {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double transient_first_s = 1;
constexpr double transient_max_s = 60;
constexpr double transient_min_s = 0.2;
constexpr double permanent_first_s = 60;
constexpr double permanent_max_s = 600;
constexpr double write_first_s = 2;
constexpr double write_max_s = 300;
/// A peer's Retry-After beyond this is not believed.
constexpr double retry_after_max_s = 300;

double doubled(double first, double max, int count) {
    double value = first;
    for (int i = 1; i < count && value < max; ++i) {
        value *= 2;
    }
    return std::min(value, max);
}

}  // namespace

bool permanent(Error const& error) {
    switch (error.kind) {
        case ErrorKind::InvalidArgument:
        case ErrorKind::NotFound:
        case ErrorKind::Forbidden:
        case ErrorKind::Unauthenticated:
            return true;
        default:
            return false;
    }
}

std::chrono::nanoseconds retry_delay(Error const& error, int count, Random& random) {
    double delay_s = 0;
    if (permanent(error)) {
        delay_s =
            doubled(permanent_first_s, permanent_max_s, count) * (0.9 + 0.2 * random.uniform());
    } else {
        delay_s = std::max(transient_min_s,
                           doubled(transient_first_s, transient_max_s, count) * random.uniform());
        if (error.retry_after) {
            delay_s =
                std::max(delay_s, std::min(retry_after_max_s, Seconds(*error.retry_after).count()));
        }
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(delay_s));
}

std::chrono::nanoseconds write_retry_delay(int count, Random& random) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        Seconds(doubled(write_first_s, write_max_s, count) * (0.9 + 0.2 * random.uniform())));
}

}  // namespace rt::op
