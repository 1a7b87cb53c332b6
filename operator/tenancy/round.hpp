#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/tenancy/reconciler.hpp"

namespace rt::op {

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
