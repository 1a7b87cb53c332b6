#pragma once

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/kube/core/condition.hpp"
#include "lib/registry/verdict.hpp"
#include "operator/tenancy/needs.hpp"
#include "operator/tenancy/records.hpp"

namespace rt::op {

/// What asking a registry told about one credential of a namespace.
struct ProofFinding {
    std::string registry;
    std::string inputs;  ///< of the credential that was asked about
    std::vector<std::string> tenancies;
    registry::Reason reason = registry::Reason::Unknown;
    std::string for_admins;
    std::string for_developers;
    bool operator==(ProofFinding const&) const = default;
};

/// Everything known of a namespace's credentials.
struct ProofState {
    std::vector<ProofFinding> findings;
    bool complete = false;  ///< there is a finding for each credential
    bool operator==(ProofState const&) const = default;
};

/// Proofs of pull of all namespaces, in memory only: after a restart they are asked for again.
/// Thread-safe.
class ProofBoard {
  public:
    struct Touched {
        std::vector<std::string> tenancies;  ///< whose status may change
        bool problems = false;               ///< what the grant tells changes
    };
    Touched put(std::string const& ns, ProofState state);
    Touched remove(std::string const& ns);
    /// Empty and not complete where nothing is known.
    [[nodiscard]] ProofState of(std::string const& ns) const;

    struct Tally {
        std::size_t verified = 0;  ///< namespaces that can pull everything that was asked
        std::size_t troubled = 0;
        std::size_t unknown = 0;  ///< not asked yet
        std::size_t silent = 0;   ///< asked, or with nothing to ask, and none the wiser
        /// The worst, of these the first by namespace; of `silent` ones where none is troubled.
        std::string ns;
        ProofFinding finding;
    };
    [[nodiscard]] Tally tally(std::string const& tenancy,
                              std::vector<std::string> const& namespaces) const;

  private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, ProofState> states_;
};

/// What a grant tells of them. Problems of `before` stay until there is a finding (again), so that
/// a restart writes nothing. Pure.
[[nodiscard]] std::vector<GrantProblem> proof_problems(ProofState const& state, Needs const& needs,
                                                       std::vector<GrantProblem> const& before);
/// A reason of proof_problems(): nothing that keeps a tenancy from being Ready.
[[nodiscard]] bool is_proof_reason(std::string_view reason);

inline constexpr std::string_view pull_verified = "PullVerified";
/// PullVerified of a tenancy; without a type where nothing is to be said. `known`: as it stands
/// now, or null; it stays until every namespace was asked (again).
[[nodiscard]] kube::Condition pull_verified_condition(ProofBoard::Tally const& tally,
                                                      kube::Condition const* known);

}  // namespace rt::op
