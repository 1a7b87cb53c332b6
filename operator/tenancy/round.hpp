#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/tenancy/reconciler.hpp"

namespace rt::op {

/// Nobody sleeps longer than this: a corrected calendar must not make a refresh late.
inline constexpr std::chrono::minutes look_interval_max{10};

[[nodiscard]] inline kube::Outcome look_again(std::chrono::nanoseconds delay) {
    delay = std::min<std::chrono::nanoseconds>(delay, look_interval_max);
    // A millisecond more than due: rounding must not make us look a moment too early.
    return kube::Outcome::after(
        std::chrono::ceil<std::chrono::milliseconds>(std::max(delay, delay.zero())) +
        std::chrono::milliseconds(1));
}

/// When the first of the policy's exceptions ends.
[[nodiscard]] inline std::optional<std::chrono::nanoseconds> next_end(
    tenancy::NamespacePolicy const& policy, WallTime now) {
    std::optional<std::chrono::nanoseconds> next;
    for (tenancy::ActiveException const& active : policy.exceptions()) {
        std::chrono::nanoseconds const left = active.ends_at - now;
        next = next ? std::min(*next, left) : left;
    }
    return next;
}

/// One reconcile of a governed namespace: what was gathered, what follows from it, what was done.
struct NamespaceReconciler::Round {
    Round(Gathered gathered_now, tenancy::NamespacePolicy const& compiled, Memory& remembered,
          std::stop_token stop_token)
        : gathered(std::move(gathered_now)),
          policy(compiled),
          memory(remembered),
          stop(std::move(stop_token)) {}

    Gathered gathered;
    tenancy::NamespacePolicy const& policy;
    Memory& memory;
    std::stop_token stop;
    WallTime now{};
    Needs needs;
    std::vector<GrantProblem> problems;     ///< as last written to the grant
    std::vector<GrantProblem> extra;        ///< found while carrying out
    std::optional<SecretContent> existing;  ///< read back for a merge
    std::string existing_version;
    std::map<std::size_t, RegistryCredential> minted;  ///< index into needs.credentials
    std::optional<std::chrono::nanoseconds> wait;      ///< for a call budget
    bool drift = false;                                ///< somebody else changed the Secret
    bool drift_blocked = false;                        ///< too often

    /// (Re)computes what is needed from what is gathered.
    void evaluate(std::string const& cluster) { needs = needs_of(gathered, policy, cluster, now); }

    void wait_at_most(std::chrono::nanoseconds delay) {
        wait = wait ? std::min(*wait, delay) : delay;
    }
    [[nodiscard]] std::vector<GrantProblem> problems_before() const {
        return gathered.grant ? gathered.grant->problems : std::vector<GrantProblem>{};
    }
    /// As of when what has expired is of no use. While mints wait for their turn, never: a clock of
    /// ours that is hours ahead must not take away what still works, and nothing has replaced yet.
    [[nodiscard]] WallTime expired_by(WallTime clock) const {
        return wait ? WallTime::min() : clock;
    }
    /// No Registry here gives credentials, and none that cannot be judged now might.
    [[nodiscard]] bool wants_nothing() const {
        Holds const& holds = needs.holds;
        return needs.credentials.empty() && !holds.everything && holds.registries.empty() &&
               holds.keys.empty();
    }
    [[nodiscard]] std::vector<WantedCredential> wanted() const {
        std::vector<WantedCredential> result;
        result.reserve(needs.credentials.size());
        for (CredentialNeed const& need : needs.credentials) {
            result.push_back(need.wanted);
        }
        return result;
    }
    /// The Secret holds something that this round's mints do not replace.
    [[nodiscard]] bool must_merge() const {
        Holds const& holds = needs.holds;
        return gathered.secret && !existing &&
               (minted.size() < needs.credentials.size() || holds.everything ||
                !holds.registries.empty() || !holds.keys.empty());
    }
};

}  // namespace rt::op
