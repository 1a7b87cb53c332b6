#include "operator/tenancy/needs.hpp"

#include <algorithm>

#include "lib/tenancy/docker_config.hpp"
#include "operator/tenancy/rotation.hpp"

namespace rt::op {
namespace {

/// A credential that was issued in the future: who wrote that has another clock than we have, so
/// that the times beside it mean nothing to us.
constexpr std::chrono::minutes clock_slack{5};

/// Problems after which a credential must not stay: the platform team has decided against it.
bool is_verdict(tenancy::CredentialProblem const& problem) {
    return problem.reason == "RoleNotAllowed" || problem.reason == "RegistryNotFound";
}

CredentialNeed need_of(tenancy::CredentialSpec spec, Gathered const& gathered,
                       tenancy::NamespacePolicy const& policy) {
    CredentialNeed need;
    tenancy::Registry const& registry = *spec.registry;
    std::string version;
    if (auto const found = gathered.source_versions.find(source_secret_of(registry));
        found != gathered.source_versions.end()) {
        version = found->second;
    }
    need.wanted.registry = registry.meta.name;
    need.wanted.inputs = credential_inputs(spec, version, rotation_of(spec, policy));
    need.wanted.keys = tenancy::docker_config_keys(gathered.rules->catalog().hosts_of(registry),
                                                   spec.allow, registry.key_style);
    need.spec = std::move(spec);
    return need;
}

bool made_for(CredentialRecord const& record, CredentialNeed const& need) {
    return record.registry == need.wanted.registry &&
           inputs_match(record.inputs, need.wanted.inputs);
}

/// Finds what the Secret holds for `need`: a record of the same inputs, else one of the same
/// Registry that no other need claims.
void find_current(CredentialNeed& need, std::vector<CredentialNeed> const& all,
                  std::vector<CredentialRecord> const& records, std::string_view ns, WallTime now) {
    for (CredentialRecord const& record : records) {
        if (record.registry != need.wanted.registry || record.expired(now)) {
            continue;
        }
        if (made_for(record, need)) {
            need.current = record;
            need.state = CredentialNeed::State::Fresh;
            break;
        }
        bool const claimed = std::any_of(all.begin(), all.end(), [&](CredentialNeed const& other) {
            return made_for(record, other);
        });
        if (!claimed && !need.current) {
            need.current = record;
            need.state = CredentialNeed::State::Changed;
        }
    }
    if (!need.current) {
        return;
    }
    need.times = refresh_times(*need.current, ns);
    if (need.state == CredentialNeed::State::Fresh && need.times) {
        if (now >= need.times->degraded) {
            need.state = CredentialNeed::State::Degraded;
        } else if (now >= need.times->refresh || need.current->issued_at > now + clock_slack) {
            need.state = CredentialNeed::State::Due;
        }
    }
}

Holds holds_of(Gathered const& gathered, tenancy::NamespacePolicy const& policy,
               std::vector<tenancy::CredentialProblem> const& problems) {
    Holds holds;
    holds.everything = gathered.rules->may_be_governed_unseen(gathered.ns, gathered.record->labels);
    for (tenancy::EffectiveRegistry const& effective : policy.registries()) {
        if (gathered.rules->registry_broken(effective.name)) {
            holds.registries.insert(effective.name);
            continue;
        }
        bool const blocked = std::any_of(
            problems.begin(), problems.end(), [&](tenancy::CredentialProblem const& problem) {
                return problem.registry == effective.name && problem.exception.empty() &&
                       !is_verdict(problem);
            });
        tenancy::Registry const* registry = gathered.rules->catalog().by_name(effective.name);
        if (!blocked || registry == nullptr) {
            continue;
        }
        std::vector<tenancy::AllowEntry> allow;
        allow.reserve(effective.allow.size() + effective.exceptions.size());
        for (tenancy::EffectiveAllow const& one : effective.allow) {
            allow.push_back(one.entry);
        }
        for (tenancy::EffectiveException const& one : effective.exceptions) {
            allow.push_back(one.entry);
        }
        auto keys = tenancy::docker_config_keys(effective.hosts, allow, registry->key_style);
        holds.keys[effective.name].insert(keys.begin(), keys.end());
    }
    return holds;
}

}  // namespace

std::string_view name_of(CredentialNeed::State state) {
    switch (state) {
        case CredentialNeed::State::Fresh:
            return "fresh";
        case CredentialNeed::State::Due:
            return "due";
        case CredentialNeed::State::Degraded:
            return "degraded";
        case CredentialNeed::State::Changed:
            return "changed";
        case CredentialNeed::State::Missing:
            return "missing";
    }
    return "missing";
}

Needs needs_of(Gathered const& gathered, tenancy::NamespacePolicy const& policy,
               std::string const& cluster, WallTime now) {
    Needs needs;
    tenancy::Credentials credentials =
        tenancy::credentials_of(policy, gathered.rules->catalog(), gathered.ns, cluster);
    needs.problems = std::move(credentials.problems);
    needs.holds = holds_of(gathered, policy, needs.problems);

    std::vector<CredentialRecord> records;
    if (gathered.secret) {
        needs.name_conflict = !gathered.secret->ours;
        needs.tampered = gathered.secret->ours && !gathered.secret->intact;
        if (!needs.name_conflict && !needs.tampered) {
            records = gathered.secret->credentials;
        }
    }
    for (tenancy::CredentialSpec& spec : credentials.specs) {
        needs.credentials.push_back(need_of(std::move(spec), gathered, policy));
    }
    for (CredentialNeed& need : needs.credentials) {
        find_current(need, needs.credentials, records, gathered.ns, now);
    }
    for (CredentialRecord const& record : records) {
        bool const needed =
            std::any_of(needs.credentials.begin(), needs.credentials.end(),
                        [&](CredentialNeed const& need) { return made_for(record, need); });
        if (needed && !record.expired(now)) {
            continue;
        }
        needs.needs_pruning = true;
        if (record.expires_at && !record.expired(now)) {
            needs.next_held_expiry = needs.next_held_expiry
                                         ? std::min(*needs.next_held_expiry, *record.expires_at)
                                         : *record.expires_at;
        }
    }
    return needs;
}

}  // namespace rt::op
