#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "e2e/suite/support/pull_secret.hpp"

namespace e2e::soak {

/// How large and how long; from the environment, see main.cpp.
struct Size {
    std::size_t namespaces = 1'000;
    std::size_t tenancies = 50;
    std::chrono::minutes length{5};
    std::chrono::seconds between_faults{10};
};

/// The namespaces of one run, spread over its tenancies by label; gone with the object.
class Fleet {
  public:
    explicit Fleet(Size size);
    ~Fleet();
    Fleet(Fleet const&) = delete;
    Fleet& operator=(Fleet const&) = delete;

    [[nodiscard]] std::vector<std::string> const& namespaces() const { return namespaces_; }
    /// "soak-SUFFIX": the beginning of all its namespaces' names.
    [[nodiscard]] std::string const& prefix() const { return prefix_; }

    /// The pull Secrets as they are now, by namespace. Nothing where the API server does not
    /// answer.
    [[nodiscard]] std::optional<std::map<std::string, PullSecret>> secrets() const;
    /// Empty when every namespace has a live credential and every tenancy is Ready.
    [[nodiscard]] std::string why_not_right() const;
    /// Empty when the registry's token server grants a pull for the password of every namespace.
    [[nodiscard]] std::string why_not_pulling() const;

  private:
    [[nodiscard]] std::string tenancy(std::size_t number) const;

    Size size_;
    std::string prefix_;
    std::vector<std::string> namespaces_;
};

/// The role of the world that the fleet uses, and the life of its sessions.
inline constexpr char fleet_role[] = "acr-soak";
inline constexpr double fleet_life_seconds = 240;

}  // namespace e2e::soak
