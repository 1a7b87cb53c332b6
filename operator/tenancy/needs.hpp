#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/tenancy/policy.hpp"
#include "operator/tenancy/cluster_view.hpp"
#include "operator/tenancy/pull_secret.hpp"
#include "operator/tenancy/refresh.hpp"

namespace rt::op {

/// One credential that the namespace should have, and how it stands.
struct CredentialNeed {
    enum class State {
        Fresh,     ///< in the Secret, made for these inputs, not yet due
        Due,       ///< the same, past 50 % of its life
        Degraded,  ///< the same, past 75 %
        Changed,   ///< what is in the Secret was made for other inputs
        Missing,   ///< nothing usable is in the Secret
    };
    tenancy::CredentialSpec spec;
    WantedCredential wanted;
    State state = State::Missing;
    std::optional<CredentialRecord> current;  ///< what is in the Secret for it, not expired
    std::optional<RefreshTimes> times;        ///< of `current`

    /// The Secret holds a credential for exactly these inputs that has not expired.
    [[nodiscard]] bool working() const {
        return state == State::Fresh || state == State::Due || state == State::Degraded;
    }
};
[[nodiscard]] std::string_view name_of(CredentialNeed::State state);

/// Everything that follows from the rules for one governed namespace.
struct Needs {
    std::vector<CredentialNeed> credentials;
    std::vector<tenancy::CredentialProblem>
        problems;  ///< credentials that cannot even be asked for
    Holds holds;
    /// The Secret exists and is not ours.
    bool name_conflict = false;
    /// The Secret is ours, but somebody changed it: nothing in it is trusted.
    bool tampered = false;
    /// The Secret holds something that is expired, or that was made for other inputs or for a
    /// Registry that gives nothing any more: look at it and take out what must go.
    bool needs_pruning = false;
    /// When the first of what is held, but made for no need, ends and must go.
    std::optional<WallTime> next_held_expiry;
};

/// Pure. `policy` is the compiled policy of the governed namespace.
[[nodiscard]] Needs needs_of(Gathered const& gathered, tenancy::NamespacePolicy const& policy,
                             std::string const& cluster, WallTime now);

}  // namespace rt::op
