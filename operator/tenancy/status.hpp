#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/tenancy/policy.hpp"
#include "operator/inventory/workload_board.hpp"
#include "operator/proof/proof_board.hpp"
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
    struct ExceptionFailure {
        std::string exception;
        std::string registry;
        std::string reason;
        std::string message;
        bool operator==(ExceptionFailure const&) const = default;
    };
    std::vector<std::string> exceptions{};  ///< in force here
    std::vector<ExceptionFailure> exception_failures{};
    bool operator==(NamespaceResult const&) const = default;
};

/// Results of all namespaces, in memory only: after a restart each is looked at once anyway.
class ResultBoard {
  public:
    /// Whose status may change by a result.
    struct Touched {
        std::vector<std::string> tenancies;
        std::vector<std::string> exceptions;
    };
    Touched put(std::string const& ns, NamespaceResult result);
    Touched remove(std::string const& ns);

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

    struct ExceptionTally {
        std::size_t namespaces = 0;  ///< in which it is in force
        std::size_t pending = 0;     ///< not looked at yet under the current rules
        std::vector<Tally::Failed> failed;
    };
    /// The same for an exception.
    [[nodiscard]] ExceptionTally tally_exception(std::string const& exception,
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

/// status of a RegistryTenancy (kstatus: Ready, Reconciling, Stalled; and WorkloadsCompliant and
/// PullVerified, which have no part in Ready). Pure. `declared.status` is the present one, from
/// which lastTransitionTime is kept, and what it says of workloads and proofs while these are not
/// all known (again).
[[nodiscard]] Json tenancy_status(Declared<tenancy::RegistryTenancy> const& declared,
                                  ResultBoard::Tally const& tally,
                                  WorkloadBoard::Tally const& workloads,
                                  ProofBoard::Tally const& proofs, WallTime now);

/// status of a Registry. `tenancies`: how many name it; `lost_hosts`: those that an older one has.
[[nodiscard]] Json registry_status(
    Declared<tenancy::Registry> const& declared, std::size_t tenancies,
    std::vector<tenancy::RegistryCatalog::HostConflict> const& lost_hosts, WallTime now);

/// What the times of exceptions are compared with.
struct ExceptionTimes {
    WallTime now{};
    std::chrono::seconds longest_life{};
};

/// How long before its end an exception is said to be ending.
inline constexpr std::chrono::hours exception_notice{24};

/// status of a RegistryException: Active (does it allow anything now), Ready, Ending, Stalled.
[[nodiscard]] Json exception_status(Declared<tenancy::RegistryException> const& declared,
                                    ResultBoard::ExceptionTally const& tally,
                                    ExceptionTimes const& times);
/// When that status changes by itself; nullopt: never.
[[nodiscard]] std::optional<std::chrono::nanoseconds> exception_status_changes_in(
    Declared<tenancy::RegistryException> const& declared, ExceptionTimes const& times);

}  // namespace rt::op
