#include "operator/tenancy/status.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/text.hpp"
#include "lib/kube/core/condition.hpp"

namespace rt::op {
namespace {

/// What crds/registrytenancies.yaml allows.
constexpr std::size_t failed_max = 10;
constexpr std::size_t message_bytes_max = 1024;
constexpr std::size_t condition_bytes_max = 4096;
constexpr char workloads_compliant[] = "WorkloadsCompliant";

/// Reasons that nothing but a change of this tenancy's spec can heal.
bool is_spec_error(std::string_view reason) {
    return reason == "RoleRequired" || reason == "RoleMismatch" || reason == "RoleNotAllowed" ||
           reason == "RoleInvalid" || reason == "ExternalIDInvalid" || reason == "PolicyTooLarge" ||
           reason == "NotNarrowable" || reason == "SecretTooLarge";
}

struct Verdict {
    std::string ready = "Unknown";
    std::string ready_reason;
    std::string ready_message;
    bool reconciling = false;
    std::string reconciling_message;
    bool stalled = false;
    std::string stalled_reason;
    std::string stalled_message;
    /// Further conditions, complete.
    std::vector<kube::Condition> further;
};

Json with_conditions(Json status, Json const& before, Verdict const& verdict,
                     std::int64_t generation, WallTime now) {
    auto conditions = kube::conditions_of(Json{{"status", before}});
    auto const set = [&](std::string type, std::string value, std::string reason,
                         std::string const& message) {
        kube::Condition condition;
        condition.type = std::move(type);
        condition.status = std::move(value);
        condition.reason = std::move(reason);
        condition.message = printable(message, condition_bytes_max);
        condition.observed_generation = generation;
        kube::set_condition(conditions, std::move(condition), now);
    };
    set("Ready", verdict.ready, verdict.ready_reason, verdict.ready_message);
    set("Reconciling", verdict.reconciling ? "True" : "False",
        verdict.reconciling ? "Progressing" : "Settled", verdict.reconciling_message);
    set("Stalled", verdict.stalled ? "True" : "False",
        verdict.stalled ? verdict.stalled_reason : "NotStalled", verdict.stalled_message);
    for (kube::Condition const& one : verdict.further) {
        set(one.type, one.status, one.reason, one.message);
    }
    // Only what is ours: other condition types belong to other writers.
    std::erase_if(conditions, [&](kube::Condition const& condition) {
        return condition.type != "Ready" && condition.type != "Reconciling" &&
               condition.type != "Stalled" &&
               kube::find_condition(verdict.further, condition.type) == nullptr;
    });
    std::sort(conditions.begin(), conditions.end(),
              [](kube::Condition const& a, kube::Condition const& b) { return a.type < b.type; });
    status["observedGeneration"] = generation;
    status["conditions"] = kube::to_json(conditions);
    return status;
}

Json namespaces_of(ResultBoard::Tally const& tally) {
    Json failed = Json::array();
    for (ResultBoard::Tally::Failed const& one : tally.failed) {
        if (failed.size() == failed_max) {
            break;
        }
        failed.push_back({{"name", one.ns},
                          {"reason", one.reason},
                          {"message", printable(one.message, message_bytes_max)}});
    }
    Json result = {{"matched", tally.matched},
                   {"ready", tally.ready},
                   {"summary", std::to_string(tally.ready) + "/" + std::to_string(tally.matched)}};
    // The API server does not store an empty list; writing one would never equal what is there.
    if (!failed.empty()) {
        result["failed"] = std::move(failed);
    }
    return result;
}

Verdict invalid_spec(tenancy::FieldErrors const& errors, bool has_last_good) {
    Verdict verdict;
    verdict.ready = "False";
    verdict.ready_reason = verdict.stalled_reason = "InvalidSpec";
    verdict.ready_message = tenancy::to_string(errors);
    if (has_last_good) {
        verdict.ready_message += " (the rules from before this change stay in force)";
    }
    verdict.stalled = true;
    verdict.stalled_message = verdict.ready_message;
    return verdict;
}

/// WorkloadsCompliant. What is not known yet (after a start, or of a new namespace) changes nothing
/// of what was found before: a restart must not write every status twice.
kube::Condition workloads_condition(WorkloadBoard::Tally const& tally, Json const& before) {
    kube::Condition condition;
    condition.type = workloads_compliant;
    if (tally.unknown != 0) {
        auto const conditions = kube::conditions_of(Json{{"status", before}});
        if (auto const* known = kube::find_condition(conditions, workloads_compliant)) {
            return *known;
        }
        condition.reason = "InventoryPending";
        condition.message =
            "what runs in " + counted(tally.unknown, "namespace") + " is not known yet";
        return condition;
    }
    std::size_t const foreign = tally.denied + tally.grandfathered;
    std::string const excepted =
        tally.by_exception == 0
            ? std::string()
            : "; " + counted(tally.by_exception, "image") + " by exception only";
    if (foreign == 0) {
        condition.status = "True";
        condition.reason = "EverythingAllowed";
        condition.message = "every image that runs is allowed" + excepted;
        return condition;
    }
    condition.status = "False";
    condition.reason = "ForeignImages";
    condition.message = counted(foreign, "running image") + " in " +
                        counted(tally.namespaces, "namespace") + " would be refused today (" +
                        std::to_string(tally.grandfathered) + " from before the tenancy)" +
                        excepted + "; " + tally.first_namespace + ": " + tally.first_image;
    return condition;
}

Verdict verdict_of(tenancy::RegistryTenancy const& spec, ResultBoard::Tally const& tally) {
    Verdict verdict;
    if (spec.baseline) {
        verdict.ready = "True";
        verdict.ready_reason = "Accepted";
        verdict.ready_message = "adds to every namespace that another tenancy governs";
    } else if (!tally.failed.empty()) {
        ResultBoard::Tally::Failed const& first = tally.failed.front();
        verdict.ready = "False";
        verdict.ready_reason = first.reason;
        verdict.ready_message = counted(tally.failed.size(), "namespace") + " of " +
                                std::to_string(tally.matched) + " without working credentials; " +
                                first.ns + ": " + first.message;
    } else if (tally.pending != 0) {
        verdict.ready = "Unknown";
        verdict.ready_reason = "Progressing";
        verdict.ready_message =
            "credentials for " + counted(tally.pending, "namespace") + " are on their way";
    } else {
        verdict.ready = "True";
        verdict.ready_reason = tally.matched == 0 ? "NoNamespaces" : "CredentialsReady";
        verdict.ready_message =
            tally.matched == 0 ? "no namespace that exists is matched"
                               : counted(tally.matched, "namespace") + " with working credentials";
    }
    if (tally.pending != 0) {
        verdict.reconciling = true;
        verdict.reconciling_message =
            "credentials for " + counted(tally.pending, "namespace") + " are on their way";
    }
    auto const spec_error = std::find_if(
        tally.failed.begin(), tally.failed.end(),
        [](ResultBoard::Tally::Failed const& one) { return is_spec_error(one.reason); });
    if (spec_error != tally.failed.end()) {
        verdict.stalled = true;
        verdict.stalled_reason = spec_error->reason;
        verdict.stalled_message = spec_error->message;
    }
    return verdict;
}

std::vector<std::string> united(std::vector<std::string> const& a,
                                std::vector<std::string> const& b) {
    std::set<std::string> names(a.begin(), a.end());
    names.insert(b.begin(), b.end());
    return {names.begin(), names.end()};
}

}  // namespace

ResultBoard::Touched ResultBoard::put(std::string const& ns, NamespaceResult result) {
    std::lock_guard const lock(mutex_);
    NamespaceResult& known = results_[ns];
    if (known == result) {
        return {};
    }
    Touched touched{united(known.tenancies, result.tenancies),
                    united(known.exceptions, result.exceptions)};
    known = std::move(result);
    return touched;
}

ResultBoard::Touched ResultBoard::remove(std::string const& ns) {
    std::lock_guard const lock(mutex_);
    auto const found = results_.find(ns);
    if (found == results_.end()) {
        return {};
    }
    Touched touched{std::move(found->second.tenancies), std::move(found->second.exceptions)};
    results_.erase(found);
    return touched;
}

ResultBoard::Tally ResultBoard::tally(std::string const& tenancy,
                                      std::vector<std::string> const& namespaces,
                                      std::uint64_t since) const {
    std::lock_guard const lock(mutex_);
    Tally tally;
    tally.matched = namespaces.size();
    for (std::string const& ns : namespaces) {
        auto const found = results_.find(ns);
        if (found == results_.end() || found->second.sequence < since) {
            ++tally.pending;
            continue;
        }
        NamespaceResult const& result = found->second;
        auto const failure = std::find_if(result.failures.begin(), result.failures.end(),
                                          [&](NamespaceResult::Failure const& one) {
                                              return one.tenancy.empty() || one.tenancy == tenancy;
                                          });
        bool const listed = std::find(result.tenancies.begin(), result.tenancies.end(), tenancy) !=
                            result.tenancies.end();
        if (failure != result.failures.end()) {
            tally.failed.push_back({ns, failure->registry, failure->reason, failure->message});
        } else if (!listed || std::find(result.pending.begin(), result.pending.end(), tenancy) !=
                                  result.pending.end()) {
            ++tally.pending;
        } else {
            ++tally.ready;
        }
    }
    std::sort(tally.failed.begin(), tally.failed.end(),
              [](Tally::Failed const& a, Tally::Failed const& b) { return a.ns < b.ns; });
    return tally;
}

ResultBoard::Counts ResultBoard::counts() const {
    std::lock_guard const lock(mutex_);
    Counts counts;
    counts.namespaces = results_.size();
    for (auto const& [ns, result] : results_) {
        counts.failed += result.failures.empty() ? 0U : 1U;
        counts.pending += result.pending.empty() ? 0U : 1U;
    }
    return counts;
}

Json tenancy_status(Declared<tenancy::RegistryTenancy> const& declared,
                    ResultBoard::Tally const& tally, WorkloadBoard::Tally const& workloads,
                    ProofBoard::Tally const& proofs, WallTime now) {
    Verdict verdict = !declared.errors.empty()
                          ? invalid_spec(declared.errors, declared.in_force != nullptr)
                          : verdict_of(*declared.in_force, tally);
    // A baseline governs no namespace, so nothing runs under it.
    if (declared.in_force != nullptr && !declared.in_force->baseline) {
        verdict.further.push_back(workloads_condition(workloads, *declared.status));
    }
    auto const conditions = kube::conditions_of(Json{{"status", *declared.status}});
    auto const pulls =
        pull_verified_condition(proofs, kube::find_condition(conditions, pull_verified));
    if (!pulls.type.empty()) {
        verdict.further.push_back(pulls);
    }
    Json status = Json::object();
    status["namespaces"] = namespaces_of(tally);
    return with_conditions(std::move(status), *declared.status, verdict, declared.meta.generation,
                           now);
}

Json registry_status(Declared<tenancy::Registry> const& declared, std::size_t tenancies,
                     std::vector<tenancy::RegistryCatalog::HostConflict> const& lost_hosts,
                     WallTime now) {
    Verdict verdict;
    if (!declared.errors.empty()) {
        verdict = invalid_spec(declared.errors, declared.in_force != nullptr);
    } else if (!lost_hosts.empty()) {
        verdict.ready = "False";
        verdict.ready_reason = verdict.stalled_reason = "HostConflict";
        verdict.ready_message = "host " + lost_hosts.front().host + " belongs to Registry \"" +
                                lost_hosts.front().owner +
                                "\", which is older; a host stands in one Registry only: remove it "
                                "from one of the two";
        verdict.stalled = true;
        verdict.stalled_message = verdict.ready_message;
    } else {
        verdict.ready = "True";
        verdict.ready_reason = "Accepted";
        verdict.ready_message = "tenancies may name it";
        tenancy::Identity const* const identity = declared.in_force->identity();
        if (identity != nullptr && identity->type == tenancy::Identity::Type::InstanceRole) {
            verdict.ready_message +=
                "; with identity InstanceRole every Pod that reaches the nodes' metadata service "
                "can assume the same roles: close it to Pods with a NetworkPolicy, or choose OIDC "
                "or ServiceAccount";
        }
    }
    Json status = Json::object();
    status["tenancies"] = tenancies;
    return with_conditions(std::move(status), *declared.status, verdict, declared.meta.generation,
                           now);
}

}  // namespace rt::op
