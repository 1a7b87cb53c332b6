#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/pull_secret.hpp"

namespace e2e::soak {

/// Watches the Secrets of a soak from outside: whether a working credential goes before its end,
/// and whether one is left to end.
class Witness {
  public:
    using Secrets = std::map<std::string, PullSecret>;

    /// `now`: RFC 3339. `deleted_by_hand`: UIDs of Secrets that the soak itself deleted.
    void look(Secrets const& secrets, std::string const& now,
              std::set<std::string> const& deleted_by_hand);

    [[nodiscard]] std::size_t looks() const { return looks_; }
    /// Namespaces that lost a credential which had not ended; one line each.
    [[nodiscard]] std::vector<std::string> const& lost() const { return lost_; }
    /// Namespaces whose credential was once found to have ended.
    [[nodiscard]] std::set<std::string> const& expired() const { return expired_; }

  private:
    Secrets before_;
    std::size_t looks_ = 0;
    std::vector<std::string> lost_;
    std::set<std::string> expired_;
};

/// How many credentials the schedule asks for: each is minted anew when 40 to 60 % of its life are
/// over, evenly spread. `first`: seconds of each namespace's first mint, of `length` in all.
[[nodiscard]] double expected_mints(std::vector<double> const& first, double length,
                                    double life_seconds);

/// What the clouds' log says of the mints of a fleet.
struct Mints {
    std::size_t count = 0;
    /// By session: when each was handed out, seconds since 1970, in order.
    std::map<std::string, std::vector<double>> times;
    /// Intervals below 40 % and above 60 % of the life.
    [[nodiscard]] std::size_t early(double life_seconds) const;
    [[nodiscard]] std::size_t late(double life_seconds) const;
};
[[nodiscard]] Mints mints_in(std::vector<Json> const& log);

}  // namespace e2e::soak
