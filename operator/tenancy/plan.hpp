#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/tenancy/failures.hpp"
#include "operator/tenancy/needs.hpp"
#include "operator/tenancy/status.hpp"

namespace rt::op {

/// Failed mints by failure_key().
using MintFailures = std::map<std::string, MintFailure>;
/// Other inputs are another credential, with a clean record.
[[nodiscard]] std::string failure_key(CredentialNeed const& need);
/// Drops what was remembered of credentials that are no longer wanted or are fine again.
void forget_settled(MintFailures& failures, Needs const& needs);

/// Which credentials to mint now (indices into Needs::credentials), leaving out those that failed
/// recently; `tampered` Secrets are minted anew altogether.
[[nodiscard]] std::vector<std::size_t> due_mints(Needs const& needs, MintFailures const& failures,
                                                 SteadyTime now);

/// What is wrong because of mints: nothing usable, changed rules not in force, or a refresh that
/// fails for good or has failed past 75 % of life. For developers: no role ARNs, no cloud texts.
[[nodiscard]] std::vector<GrantProblem> mint_problems(Needs const& needs,
                                                      MintFailures const& failures);
/// What is wrong before any mint: credentials that cannot be asked for, a Secret that is not ours.
[[nodiscard]] std::vector<GrantProblem> standing_problems(Needs const& needs);
/// Mint problems of an earlier round that still stand until this round's mints have been tried: the
/// grant is written before them and must not say that all is well in between.
[[nodiscard]] std::vector<GrantProblem> carried_problems(std::vector<GrantProblem> const& before,
                                                         Needs const& needs);

/// When to look at the namespace again without any event: the next refresh, retry, expiry or moment
/// from which a failing refresh must be told. nullopt: never.
[[nodiscard]] std::optional<std::chrono::nanoseconds> next_look(Needs const& needs,
                                                                MintFailures const& failures,
                                                                WallTime wall_now,
                                                                SteadyTime steady_now);

/// What the tenancies' status says about this namespace.
[[nodiscard]] NamespaceResult result_of(Needs const& needs, tenancy::NamespacePolicy const& policy,
                                        std::vector<GrantProblem> const& problems);

/// Credentials that have waited for the call budget for over ten seconds. `waiting_since` by
/// failure_key().
[[nodiscard]] std::vector<GrantProblem> waiting_problems(
    Needs const& needs, std::map<std::string, SteadyTime> const& waiting_since, SteadyTime now);

/// Reasons of problems with the Secret itself.
inline constexpr std::string_view reason_secret_too_large = "SecretTooLarge";
inline constexpr std::string_view reason_secret_not_writable = "SecretNotWritable";

/// How long a credential may be on its way before the grant says so.
inline constexpr std::chrono::seconds silent_wait{10};
/// That `need` has been on its way for longer.
[[nodiscard]] GrantProblem pending_problem(CredentialNeed const& need);

/// The problem of a pull Secret that is not ours.
[[nodiscard]] GrantProblem name_conflict_problem();

}  // namespace rt::op
