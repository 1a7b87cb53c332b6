#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/tenancy/policy.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {

/// How one namespace fares, as far as its tenancies are concerned.
struct NamespaceResult {
    struct Failure {
        std::string tenancy;  ///< empty: all of them
        std::string registry;
        std::string reason;
        std::string message;
        bool operator==(Failure const&) const = default;
    };
    std::vector<std::string> tenancies;
    std::vector<Failure> failures;
    std::vector<std::string>
        pending;                 ///< tenancies whose credentials are on their way, nothing wrong
    std::uint64_t sequence = 0;  ///< Rules::sequence() that it was found under
    bool operator==(NamespaceResult const&) const = default;
};

/// Results of all namespaces, in memory only: after a restart each is looked at once anyway.
class ResultBoard {
  public:
    /// Returns the tenancies whose status may change by it.
    std::vector<std::string> put(std::string const& ns, NamespaceResult result);
    std::vector<std::string> remove(std::string const& ns);

    struct Tally {
        std::size_t matched = 0;
        std::size_t ready = 0;
        std::size_t pending =
            0;  ///< not looked at yet under the current rules, or credentials on their way
        struct Failed {
            std::string ns;
            std::string registry;
            std::string reason;
            std::string message;
        };
        std::vector<Failed> failed;  ///< all of them, by namespace
    };
    /// Counts the results of `namespaces` for one tenancy. Those found under rules older than
    /// `since` say nothing about its current version: they are pending.
    [[nodiscard]] Tally tally(std::string const& tenancy,
                              std::vector<std::string> const& namespaces,
                              std::uint64_t since) const;

    struct Counts {
        std::size_t namespaces = 0;
        std::size_t failed = 0;
        std::size_t pending = 0;
    };
    [[nodiscard]] Counts counts() const;

  private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, NamespaceResult> results_;
};

/// status of a RegistryTenancy (kstatus: Ready, Reconciling, Stalled). Pure. `declared.status` is
/// the present one, from which lastTransitionTime is kept.
[[nodiscard]] Json tenancy_status(Declared<tenancy::RegistryTenancy> const& declared,
                                  ResultBoard::Tally const& tally, WallTime now);

/// status of a Registry. `tenancies`: how many name it; `lost_hosts`: those that an older one has.
[[nodiscard]] Json registry_status(
    Declared<tenancy::Registry> const& declared, std::size_t tenancies,
    std::vector<tenancy::RegistryCatalog::HostConflict> const& lost_hosts, WallTime now);

}  // namespace rt::op
