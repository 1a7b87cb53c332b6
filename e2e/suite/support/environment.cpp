#include "e2e/suite/support/environment.hpp"

#include <cstdlib>
#include <random>

namespace e2e {

std::string const& repository() {
    static std::string const path = E2E_REPOSITORY;
    return path;
}

std::string const& cluster_directory() {
    static std::string const path = [] {
        char const* chosen = std::getenv("RT_CLUSTER_DIR");
        return chosen != nullptr ? std::string(chosen) : repository() + "/build/cluster";
    }();
    return path;
}

std::string random_suffix() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::random_device source;
    std::string out;
    for (int i = 0; i < 6; ++i) {
        out += letters[source() % letters.size()];
    }
    return out;
}

}  // namespace e2e
