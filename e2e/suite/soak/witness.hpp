#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "e2e/suite/support/pull_secret.hpp"

namespace e2e::soak {

/// Watches the Secrets of a soak from outside: whether a working credential goes before its end,
/// and how close one comes to it.
class Witness {
  public:
    using Secrets = std::map<std::string, PullSecret>;
    struct Closest {
        double seconds;  ///< that were left; negative: it had ended
        std::string ns;
    };

    /// All Secrets as they were at `now` (RFC 3339). `keys`: what each must hold.
    /// `deleted_by_hand`: UIDs of those that the soak itself deleted.
    void look(Secrets const& secrets, std::string const& now, std::string const& keys,
              std::set<std::string> const& deleted_by_hand);
    /// The registry refused the credential of `ns`, which has not ended.
    void refused(std::string const& ns, std::string const& now);

    [[nodiscard]] std::size_t looks() const { return looks_; }
    /// The longest time between two looks, in seconds: the API server was away, or busy.
    [[nodiscard]] double longest_gap() const { return longest_gap_; }
    /// Credentials that went, or were refused, before their end; one line each.
    [[nodiscard]] std::vector<std::string> const& lost() const { return lost_; }
    /// Namespaces whose credential was once found to have ended.
    [[nodiscard]] std::set<std::string> const& expired() const { return expired_; }
    /// The credential that was seen with the least time left.
    [[nodiscard]] std::optional<Closest> const& closest() const { return closest_; }

  private:
    Secrets before_;
    double last_look_ = 0;
    std::size_t looks_ = 0;
    double longest_gap_ = 0;
    std::vector<std::string> lost_;
    std::set<std::string> expired_;
    std::optional<Closest> closest_;
};

}  // namespace e2e::soak
