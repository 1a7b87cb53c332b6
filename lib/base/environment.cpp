#include "lib/base/environment.hpp"

#include <cstdlib>

namespace rt {

std::string environment_variable(char const* name) {
    char const* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::string() : std::string(value);
}

}  // namespace rt
