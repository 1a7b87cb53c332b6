#include "operator/tenancy/reconciler.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/kube/core/status.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "operator/tenancy/grant.hpp"
#include "operator/tenancy/round.hpp"

namespace rt::op {
namespace {

/// How soon to look again at what only an unreadable tenancy keeps.
constexpr std::chrono::seconds held_interval{60};
/// How soon to look again while mints wait for their budget.
constexpr std::chrono::seconds wait_max{60};
/// Of a credential that is kept, though somebody changed the Secret it was in: no hash of any.
constexpr char inputs_unknown[] = "unknown";

void append(std::vector<GrantProblem>& to, std::vector<GrantProblem> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

NamespaceReconciler::NamespaceReconciler(ReconcilerContext context)
    : context_(std::move(context)),
      carry_out_(context_.api, context_.view, context_.clock, context_.metrics) {}

std::shared_ptr<NamespaceReconciler::Memory> NamespaceReconciler::memory_of(std::string const& ns) {
    std::lock_guard const lock(mutex_);
    std::shared_ptr<Memory>& memory = memories_[ns];
    if (!memory) {
        memory = std::make_shared<Memory>();
    }
    return memory;
}

void NamespaceReconciler::forget(std::string const& ns) {
    {
        std::lock_guard const lock(mutex_);
        memories_.erase(ns);
    }
    context_.status_changed(context_.board.remove(ns));
}

kube::Outcome NamespaceReconciler::reconcile(std::string const& ns, std::stop_token const& stop) {
    Gathered gathered = context_.view.gather(ns);
    if (!gathered.record || gathered.record->terminating) {
        forget(ns);
        return kube::Outcome::done();
    }
    TenancyList governing =
        gathered.excluded ? TenancyList{} : gathered.rules->governing(ns, gathered.record->labels);
    if (governing.empty()) {
        return ungoverned(gathered, stop);
    }
    auto const memory = memory_of(ns);
    // A deleted tenancy's rules stay in force for the grace, but that does not prolong it.
    if (gathered.rules->any_alive(governing)) {
        memory->leaving_since.reset();
    } else if (!memory->leaving_since) {
        memory->leaving_since = context_.clock.steady_now();
    }
    auto const policy =
        tenancy::NamespacePolicy::compile(std::move(governing), gathered.rules->baselines(),
                                          active_exceptions(gathered), gathered.rules->catalog());
    return keep(std::move(gathered), policy, *memory, stop);
}

kube::Outcome NamespaceReconciler::leave(Gathered const& gathered, Memory& memory,
                                         std::stop_token const& stop) {
    context_.status_changed(context_.board.remove(gathered.ns));
    SteadyTime const now = context_.clock.steady_now();
    if (!memory.leaving_since) {
        memory.leaving_since = now;
    }
    if (auto const left = *memory.leaving_since + context_.settings.grace - now;
        left > left.zero()) {
        return look_again(left);
    }
    if (gathered.rules->may_be_governed_unseen(gathered.ns, gathered.record->labels)) {
        log_warn("Nothing is taken away while a RegistryTenancy that may govern it is invalid",
                 {{"namespace", gathered.ns}});
        return look_again(held_interval);
    }
    if (!gathered.excluded) {
        auto const governed = carry_out_.governed_live(gathered.ns, stop);
        if (!governed || *governed) {
            log_warn("Memory and API server disagree about who governs a namespace",
                     {{"namespace", gathered.ns},
                      {"error", governed ? std::string() : governed.error().message}});
            return kube::Outcome::retry();
        }
    }
    Result<void> result;
    if (gathered.secret && gathered.secret->ours) {
        result = carry_out_.remove_secret(gathered.ns, *gathered.secret, stop);
    }
    if (result && gathered.grant) {
        result = carry_out_.remove_grant(gathered.ns, *gathered.grant, stop);
    }
    if (!result) {
        log_warn("Could not clean up",
                 {{"namespace", gathered.ns}, {"error", result.error().message}});
        return kube::Outcome::retry();
    }
    log_info("Namespace has left its tenancies", {{"namespace", gathered.ns}});
    forget(gathered.ns);
    // Exceptions may open it from now on.
    return look_again(std::chrono::nanoseconds::zero());
}

kube::Outcome NamespaceReconciler::keep(Gathered gathered, tenancy::NamespacePolicy const& policy,
                                        Memory& memory, std::stop_token const& stop) {
    Round round(std::move(gathered), policy, memory, stop);
    round.now = context_.clock.wall_now();
    round.evaluate(context_.cluster);
    std::vector<std::function<Result<void>()>> const steps{
        [&] { return check_drift(round); },
        [&] {
            forget_settled(memory.failures, round.needs);
            auto problems = all_problems(round);
            append(problems, carried_problems(round.problems_before(), round.needs));
            return write_grant(round, std::move(problems));
        },
        // What has expired by our clock may work yet: it goes only if nothing takes its place.
        [&] { return round.wants_nothing() ? drop_secret(round) : prune(round, WallTime::min()); },
        [&]() -> Result<void> {
            RT_CHECK(mint(round));
            RT_CHECK(write_minted(round));
            return prune(round, round.expired_by(context_.clock.wall_now()));
        },
    };
    for (auto const& step : steps) {
        if (auto const result = step(); !result) {
            return give_up(round, result.error());
        }
    }
    return finish(round);
}

Result<void> NamespaceReconciler::check_drift(Round& round) {
    Memory& memory = round.memory;
    bool const deleted = !round.gathered.secret && !memory.secret_uid.empty();
    if (deleted && !memory.drift_paid) {
        // Memory may be behind: two reads must agree before anything is minted for it.
        auto const live = carry_out_.get_secret(round.gathered.ns, round.stop);
        if (live) {
            context_.view.noted_secret(round.gathered.ns, *live);
            round.gathered.secret = read_secret_record(*live);
            round.evaluate(context_.cluster);
        } else if (live.error().kind != ErrorKind::NotFound) {
            return fail(live.error().with_context("reading the pull Secret"));
        }
    }
    if (round.gathered.secret && round.gathered.secret->ours && !round.needs.tampered) {
        memory.secret_uid = round.gathered.secret->uid;
        memory.drift_paid = false;
        return {};
    }
    round.drift = (deleted && !round.gathered.secret) || round.needs.tampered;
    if (!round.drift || memory.drift_paid || round.needs.credentials.empty()) {
        return {};
    }
    SteadyTime const now = context_.clock.steady_now();
    int const per_hour = std::max(context_.settings.op.drift_mints_per_hour, 1);
    if (!memory.drift) {
        memory.drift.emplace(per_hour / 3600.0, per_hour, now);
    }
    if (auto const wait = memory.drift->try_take(now)) {
        round.drift_blocked = true;
        round.wait_at_most(*wait);
        round.extra.push_back({"",
                               "",
                               "DriftBudgetExhausted",
                               "The pull Secret was deleted or changed by hand too often; it is "
                               "made again, at most " +
                                   std::to_string(per_hour) + " times an hour.",
                               {}});
        return {};
    }
    memory.drift_paid = true;
    context_.metrics.drift_seen();
    log_warn("The pull Secret was changed or deleted by somebody else; making it again",
             {{"namespace", round.gathered.ns}});
    return {};
}

std::vector<GrantProblem> NamespaceReconciler::all_problems(Round const& round) const {
    std::vector<GrantProblem> problems = standing_problems(round.needs);
    append(problems, mint_problems(round.needs, round.memory.failures));
    append(problems,
           waiting_problems(round.needs, round.memory.waiting_since, context_.clock.steady_now()));
    append(problems, proof_problems(context_.proofs.of(round.gathered.ns), round.needs,
                                    round.problems_before()));
    append(problems, round.extra);
    return problems;
}

Result<void> NamespaceReconciler::write_grant(Round& round, std::vector<GrantProblem> problems) {
    std::string const& ns = round.gathered.ns;
    round.problems = with_since(std::move(problems), round.problems_before(), round.now);
    Json const grant = render_grant(ns, round.policy, round.problems);
    if (round.gathered.grant && round.gathered.grant->content_hash == grant_content_hash(grant)) {
        return {};
    }
    RT_CHECK(carry_out_.apply_grant(ns, grant, round.stop));
    round.gathered.grant = context_.view.gather(ns).grant;
    return {};
}

Result<void> NamespaceReconciler::read_existing(Round& round) {
    if (round.existing || !round.gathered.secret) {
        return {};
    }
    RT_TRY(Json const secret, carry_out_.get_secret(round.gathered.ns, round.stop));
    SecretRecord record = read_secret_record(secret);
    if (record.uid != round.gathered.secret->uid) {
        return fail({ErrorKind::Conflict, "the pull Secret was replaced meanwhile"});
    }
    auto content = read_secret_content(secret);
    // What cannot be read is of no use to the kubelet either.
    round.existing = content ? std::move(*content) : SecretContent{};
    if (!record.intact) {
        // Somebody else wrote there: it may work and stays until it is minted again, but is not
        // what the annotation says.
        for (StoredCredential& credential : round.existing->credentials) {
            credential.record.inputs = inputs_unknown;
        }
    }
    round.existing_version = record.resource_version;
    return {};
}

Result<void> NamespaceReconciler::prune(Round& round, WallTime expired_by) {
    if (!round.needs.needs_pruning || round.needs.name_conflict || !round.gathered.secret) {
        return {};
    }
    RT_CHECK(read_existing(round));
    SecretContent pruned =
        merge_content(round.wanted(), {}, *round.existing, round.needs.holds, expired_by);
    if (pruned.keys() == round.existing->keys()) {
        return {};
    }
    log_info("Taking keys out of the pull Secret",
             {{"namespace", round.gathered.ns}, {"keys_left", pruned.keys().size()}});
    return write_content(round, std::move(pruned));
}

Result<void> NamespaceReconciler::write_minted(Round& round) {
    if (round.minted.empty()) {
        return round.stop.stop_requested() ? Result<void>(fail({ErrorKind::Cancelled, "stopping"}))
                                           : Result<void>();
    }
    // Minting took a while: the namespace may have gone, or come back as another one.
    auto const present = context_.view.gather(round.gathered.ns).record;
    if (!present || present->terminating || present->uid != round.gathered.record->uid) {
        return fail({ErrorKind::Conflict, "the namespace went away or was replaced meanwhile"});
    }
    if (round.must_merge()) {
        RT_CHECK(read_existing(round));
    }
    SecretContent const none;
    return write_content(
        round, merge_content(round.wanted(), round.minted, round.existing ? *round.existing : none,
                             round.needs.holds, round.expired_by(context_.clock.wall_now())));
}

Result<void> NamespaceReconciler::write_content(Round& round, SecretContent content) {
    std::string const& ns = round.gathered.ns;
    bool const create = !round.gathered.secret;
    auto secret = render_secret(ns, content, create ? "" : round.gathered.secret->uid,
                                round.existing ? round.existing_version : "");
    Result<Json> written = secret ? carry_out_.apply_secret(ns, *secret, create, round.stop)
                                  : Result<Json>(fail(secret.error()));
    if (!written) {
        Error const& error = written.error();
        bool const refused = error.kind == ErrorKind::InvalidArgument ||
                             (error.kind == ErrorKind::Forbidden &&
                              error.code != kube::codes::namespace_terminating);
        if (!refused && error.kind == ErrorKind::Conflict) {
            // Somebody was here meanwhile: see what there is, and decide again.
            if (auto const live = carry_out_.get_secret(ns, round.stop)) {
                context_.view.noted_secret(ns, *live);
            }
            return fail(error);
        }
        if (!refused) {
            remember_unwritten(round);
            return fail(error);
        }
        std::string const reason(secret ? reason_secret_not_writable : reason_secret_too_large);
        if (round.minted.empty()) {
            round.extra.push_back({"", "", reason, error.message, {}});
        }
        for (auto const& [index, credential] : round.minted) {
            remember_failure(round, index, error);
            MintFailure& failure =
                round.memory.failures[failure_key(round.needs.credentials[index])];
            failure.reason = reason;
            failure.message = error.message;
        }
        return {};
    }
    round.gathered.secret = read_secret_record(*written);
    round.existing = std::move(content);
    round.existing_version = round.gathered.secret->resource_version;
    round.memory.secret_uid = round.gathered.secret->uid;
    if (!round.minted.empty()) {
        round.memory.drift_paid = false;
        for (auto const& [index, credential] : round.minted) {
            round.memory.failures.erase(failure_key(round.needs.credentials[index]));
        }
    }
    return {};
}

Result<void> NamespaceReconciler::drop_secret(Round& round) {
    if (!round.gathered.secret || !round.gathered.secret->ours) {
        return {};
    }
    log_info("No registry here gives credentials any more; removing the pull Secret",
             {{"namespace", round.gathered.ns}});
    RT_CHECK(carry_out_.remove_secret(round.gathered.ns, *round.gathered.secret, round.stop));
    round.memory.secret_uid.clear();
    round.gathered.secret.reset();
    return {};
}

kube::Outcome NamespaceReconciler::finish(Round& round) {
    Memory& memory = round.memory;
    round.now = context_.clock.wall_now();
    round.gathered.grant = context_.view.gather(round.gathered.ns).grant;
    round.evaluate(context_.cluster);
    forget_settled(memory.failures, round.needs);
    std::erase_if(memory.waiting_since, [&](auto const& waiting) {
        return std::none_of(round.needs.credentials.begin(), round.needs.credentials.end(),
                            [&](CredentialNeed const& need) {
                                return failure_key(need) == waiting.first && !need.working();
                            });
    });
    if (auto const result = write_grant(round, all_problems(round)); !result) {
        return give_up(round, result.error());
    }
    if (round.needs.name_conflict) {
        for (CredentialNeed const& need : round.needs.credentials) {
            for (std::string const& name : need.spec.tenancies) {
                context_.events.on_tenancy(
                    name, true, "NameConflict", "Write",
                    "namespace " + round.gathered.ns + ": " + name_conflict_problem().message);
            }
        }
    }
    auto const ends_in = next_end(round.policy, round.now);
    NamespaceResult result = result_of(round.needs, round.policy, round.problems);
    result.sequence = round.gathered.rules->sequence();
    context_.status_changed(context_.board.put(round.gathered.ns, std::move(result)));
    if (round.wait) {
        auto const wait = std::min<std::chrono::nanoseconds>(*round.wait, wait_max);
        return look_again(ends_in ? std::min(wait, *ends_in) : wait);
    }
    auto next = next_look(round.needs, memory.failures, round.now, context_.clock.steady_now());
    if (ends_in) {
        next = next ? std::min(*next, *ends_in) : *ends_in;
    }
    return next ? look_again(*next) : kube::Outcome::done();
}

kube::Outcome NamespaceReconciler::give_up(Round& round, Error const& error) {
    if (error.code == kube::codes::namespace_terminating) {
        forget(round.gathered.ns);
        return kube::Outcome::done();
    }
    if (error.kind != ErrorKind::Cancelled) {
        log_warn("Namespace not settled; trying again", {{"namespace", round.gathered.ns},
                                                         {"kind", name_of(error.kind)},
                                                         {"error", error.message}});
    }
    return kube::Outcome::retry();
}

}  // namespace rt::op
