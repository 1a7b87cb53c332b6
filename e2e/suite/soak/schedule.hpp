#pragma once

#include <map>
#include <string>
#include <vector>

#include "e2e/suite/soak/faults.hpp"
#include "e2e/suite/support/kubectl.hpp"

namespace e2e::soak {

/// Namespace -> times, seconds since 1970, in order.
using Times = std::map<std::string, std::vector<double>>;

/// "2026-11-22T08:00:00.123Z" as seconds since 1970.
[[nodiscard]] double seconds_of(std::string const& text);

/// How many credentials the documented schedule asks for up to `end`: each namespace's first, a new
/// one whenever 40 to 60 % of a life are over, evenly spread, and one at once where the Secret was
/// deleted by hand. Of what the operator did it is told the `first` mints alone.
[[nodiscard]] double expected_mints(std::map<std::string, double> const& first,
                                    Times const& deletions, double end, double life);

/// What the clouds' log says of the fleet's mints.
struct Mints {
    std::size_t count = 0;
    std::size_t sessions = 0;  ///< sessions of the role that were handed out on the way
    std::size_t refused = 0;   ///< requests that met an injected fault
    Times times;
    [[nodiscard]] std::map<std::string, double> first() const;
};
[[nodiscard]] Mints mints_in(std::vector<Json> const& log);

/// Mints that came before their time, by what explains them.
struct Early {
    std::size_t deleted = 0;      ///< the Secret was deleted by hand since the last mint
    std::size_t lost = 0;         ///< the last credential came when nobody could keep it
    std::size_t unexplained = 0;  ///< neither: the operator minted what was still fresh
    std::string example;          ///< of the unexplained
};
[[nodiscard]] Early early_mints(Mints const& mints, Times const& deletions,
                                std::vector<Injected> const& faults, double life);

/// Mints that came after 60 % of the life.
struct Late {
    std::size_t count = 0;
    double most = 0;  ///< the longest time between two mints, as a part of the life
};
[[nodiscard]] Late late_mints(Mints const& mints, double life);

}  // namespace e2e::soak
