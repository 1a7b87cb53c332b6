#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "e2e/suite/support/pull_secret.hpp"

namespace e2e::soak {

/// How large and how long; from the environment, see main.cpp.
struct Size {
    std::size_t namespaces;
    std::size_t tenancies;
    std::chrono::minutes length;
    std::chrono::seconds between_faults;
};

/// The namespaces of one run, spread over its tenancies by label; gone with the object.
class Fleet {
  public:
    explicit Fleet(Size size);
    ~Fleet();
    Fleet(Fleet const&) = delete;
    Fleet& operator=(Fleet const&) = delete;

    using Secrets = std::map<std::string, PullSecret>;  ///< by namespace

    [[nodiscard]] std::vector<std::string> const& namespaces() const { return namespaces_; }
    /// The keys that each of its Secrets must hold, as PullSecret::keys().
    [[nodiscard]] static std::string keys();
    /// The pull Secrets as they are now. Nothing where the API server does not answer.
    [[nodiscard]] std::optional<Secrets> secrets() const;

    /// The namespaces whose Secret is not as it must be at `now` (RFC 3339): missing, of another
    /// shape, ended, or with the same credential as another one.
    [[nodiscard]] std::set<std::string> wrong(Secrets const& secrets, std::string const& now) const;
    /// Those of `secrets` for whose password the registry's token server doesn't grant what the
    /// tenancy allows and nothing else, or doesn't answer.
    [[nodiscard]] std::set<std::string> refused(Secrets const& secrets) const;
    /// Empty when every Secret is right and every tenancy is Ready.
    [[nodiscard]] std::string why_not_right() const;

  private:
    [[nodiscard]] std::string tenancy(std::size_t number) const;
    [[nodiscard]] std::size_t unready_tenancies() const;

    Size size_;
    std::string prefix_;     ///< "soak-SUFFIX": the beginning of all its names
    std::string token_url_;  ///< what the registry's challenge says, with two scopes
    std::vector<std::string> namespaces_;
};

/// When the credential of the shared registry ends (RFC 3339); empty where there is none.
[[nodiscard]] std::string end_of(PullSecret const& secret);

/// The role that the fleet uses, and the life of its sessions as e2e/sim/world.yaml says.
inline constexpr char fleet_role[] = "acr-soak";
[[nodiscard]] double fleet_life_seconds();

}  // namespace e2e::soak
