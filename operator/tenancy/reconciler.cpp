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

constexpr std::chrono::seconds grace{tenancy::grace_seconds};
/// Nobody sleeps longer than this: a corrected calendar must not make a refresh late.
constexpr std::chrono::minutes look_interval_max{10};
/// How soon to look again while mints wait for their budget.
constexpr std::chrono::seconds wait_max{60};
constexpr std::size_t events_per_failure_max = 4;

kube::Outcome look_again(std::chrono::nanoseconds delay) {
    delay = std::min<std::chrono::nanoseconds>(delay, look_interval_max);
    // A millisecond more than due: rounding must not make us look a moment too early.
    return kube::Outcome::after(
        std::chrono::ceil<std::chrono::milliseconds>(std::max(delay, delay.zero())) +
        std::chrono::milliseconds(1));
}

void earliest(std::optional<std::chrono::nanoseconds>& known, std::chrono::nanoseconds delay) {
    known = known ? std::min(*known, delay) : delay;
}

/// Whose call quota a mint uses.
std::string account_of(tenancy::CredentialSpec const& spec) {
    return spec.role ? spec.role->partition() + ':' + spec.role->account()
                     : "registry:" + spec.registry->meta.name;
}

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

kube::Outcome NamespaceReconciler::reconcile(std::string const& ns, std::stop_token stop) {
    Gathered gathered = context_.view.gather(ns);
    if (!gathered.record || gathered.record->terminating) {
        forget(ns);
        return kube::Outcome::done();
    }
    TenancyList governing = gathered.excluded
                                ? TenancyList{}
                                : gathered.rules->governing(ns, gathered.record->labels);
    if (governing.empty()) {
        if (!gathered.grant && !(gathered.secret && gathered.secret->ours)) {
            forget(ns);
            return kube::Outcome::done();
        }
        auto const memory = memory_of(ns);
        return leave(gathered, *memory, stop);
    }
    auto const memory = memory_of(ns);
    // A deleted tenancy's rules stay in force for the grace, but that does not prolong it.
    if (gathered.rules->any_alive(governing)) {
        memory->leaving_since.reset();
    } else if (!memory->leaving_since) {
        memory->leaving_since = context_.clock.steady_now();
    }
    auto const policy = tenancy::NamespacePolicy::compile(
        std::move(governing), gathered.rules->baselines(), gathered.rules->catalog());
    return keep(std::move(gathered), policy, *memory, stop);
}

kube::Outcome NamespaceReconciler::leave(Gathered const& gathered, Memory& memory,
                                         std::stop_token const& stop) {
    context_.status_changed(context_.board.remove(gathered.ns));
    SteadyTime const now = context_.clock.steady_now();
    if (!memory.leaving_since) {
        memory.leaving_since = now;
    }
    if (auto const left = *memory.leaving_since + grace - now; left > left.zero()) {
        return look_again(left);
    }
    if (gathered.rules->may_be_governed_unseen(gathered.ns, gathered.record->labels)) {
        log_warn("Nothing is taken away while a RegistryTenancy that may govern it is invalid",
                 {{"namespace", gathered.ns}});
        return look_again(grace);
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
        log_warn("Could not clean up", {{"namespace", gathered.ns},
                                        {"error", result.error().message}});
        return kube::Outcome::retry();
    }
    log_info("Namespace has left its tenancies", {{"namespace", gathered.ns}});
    forget(gathered.ns);
    return kube::Outcome::done();
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
        [&] { return round.wants_nothing() ? drop_secret(round) : prune(round); },
        [&]() -> Result<void> {
            mint(round);
            return write_minted(round);
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
        earliest(round.wait, *wait);
        round.extra.push_back(
            {"", "", "DriftBudgetExhausted",
             "The pull Secret was deleted or changed by hand too often; it is made again, at most " +
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
    append(problems, waiting_problems(round.needs, round.memory.waiting_since,
                                      context_.clock.steady_now()));
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
    round.existing_version = record.resource_version;
    return {};
}

Result<void> NamespaceReconciler::prune(Round& round) {
    if (!round.needs.needs_pruning || round.needs.name_conflict) {
        return {};
    }
    RT_CHECK(read_existing(round));
    SecretContent pruned =
        merge_content(round.wanted(), {}, *round.existing, round.needs.holds, round.now);
    if (pruned.keys() == round.existing->keys()) {
        return {};
    }
    log_info("Taking keys out of the pull Secret", {{"namespace", round.gathered.ns},
                                                    {"keys_left", pruned.keys().size()}});
    return write_content(round, std::move(pruned));
}

void NamespaceReconciler::mint(Round& round) {
    if (round.drift_blocked) {
        return;
    }
    SteadyTime const now = context_.clock.steady_now();
    for (std::size_t const index : due_mints(round.needs, round.memory.failures, now)) {
        CredentialNeed const& need = round.needs.credentials[index];
        std::string const who = round.gathered.ns + '\n' + failure_key(need);
        bool const asks_a_cloud =
            need.spec.registry->type != tenancy::RegistryType::DockerConfigSecret;
        auto const wait =
            asks_a_cloud ? context_.budget.ask(who, account_of(need.spec)) : std::nullopt;
        if (wait) {
            round.memory.waiting_since.try_emplace(failure_key(need), now);
            context_.metrics.mint_waited();
            earliest(round.wait, *wait);
            continue;
        }
        round.memory.waiting_since.erase(failure_key(need));
        mint_one(round, index);
        if (round.stop.stop_requested()) {
            return;
        }
    }
}

void NamespaceReconciler::mint_one(Round& round, std::size_t index) {
    CredentialNeed const& need = round.needs.credentials[index];
    SteadyTime const start = context_.clock.steady_now();
    if (!need.working()) {
        auto problems = round.problems;
        problems.push_back(pending_problem(need));
        auto grant = std::make_shared<Json const>(
            render_grant(round.gathered.ns, round.policy,
                         with_since(std::move(problems), round.problems_before(), round.now)));
        std::lock_guard const lock(mutex_);
        in_flight_[round.gathered.ns] = {start, std::move(grant), false};
    }
    auto credential = context_.source.mint({need.spec, round.gathered.ns, context_.cluster},
                                           round.stop);
    {
        std::lock_guard const lock(mutex_);
        in_flight_.erase(round.gathered.ns);
    }
    auto const took = context_.clock.steady_now() - start;
    if (credential && credential->expires_at &&
        *credential->expires_at <= context_.clock.wall_now()) {
        credential = fail({ErrorKind::Expired, "the credential had expired on arrival"});
    }
    if (credential) {
        context_.metrics.minted(took);
        log_info("Credential minted",
                 {{"namespace", round.gathered.ns}, {"registry", need.wanted.registry}});
        round.minted.emplace(index, std::move(*credential));
        return;
    }
    if (credential.error().kind == ErrorKind::Cancelled) {
        return;
    }
    context_.metrics.mint_failed(credential.error().kind, took);
    if (credential.error().kind == ErrorKind::Throttled) {
        context_.budget.pause(account_of(need.spec),
                              credential.error().retry_after.value_or(std::chrono::seconds(1)));
    }
    remember_failure(round, index, credential.error());
}

void NamespaceReconciler::tell_slow_mints(std::stop_token stop) {
    std::vector<std::pair<std::string, std::shared_ptr<Json const>>> slow;
    {
        std::lock_guard const lock(mutex_);
        SteadyTime const now = context_.clock.steady_now();
        for (auto& [ns, mint] : in_flight_) {
            if (!mint.told && now >= mint.since + silent_wait) {
                mint.told = true;
                slow.emplace_back(ns, mint.grant_if_slow);
            }
        }
    }
    for (auto const& [ns, grant] : slow) {
        // Should the mint end meanwhile, this write brings the namespace back to be looked at.
        if (auto const result = carry_out_.apply_grant(ns, *grant, stop); !result) {
            log_warn("Slow mint not told", {{"namespace", ns}, {"error", result.error().message}});
        }
    }
}

void NamespaceReconciler::remember_failure(Round& round, std::size_t index, Error const& error) {
    CredentialNeed const& need = round.needs.credentials[index];
    MintFailure& failure = round.memory.failures[failure_key(need)];
    failure.kind = error.kind;
    failure.code = error.code.empty() ? std::string(name_of(error.kind)) : error.code;
    failure.permanent = permanent(error);
    ++failure.count;
    failure.next_attempt = context_.clock.steady_now() +
                           retry_delay(error, failure.count, context_.random);
    log_warn("No credential", {{"namespace", round.gathered.ns},
                               {"registry", need.wanted.registry},
                               {"kind", name_of(error.kind)},
                               {"code", error.code},
                               {"attempt", failure.count},
                               {"error", error.message}});
    std::string const note = "namespace " + round.gathered.ns + ", registry " +
                             need.wanted.registry + ": " + error.message;
    std::size_t told = 0;
    for (std::string const& name : need.spec.tenancies) {
        if (told++ == events_per_failure_max) {
            break;
        }
        context_.events.on_tenancy(name, true, need.working() ? "RefreshFailed" : "MintFailed",
                                   "Mint", note);
    }
}

Result<void> NamespaceReconciler::write_minted(Round& round) {
    if (round.minted.empty()) {
        return round.stop.stop_requested()
                   ? Result<void>(fail({ErrorKind::Cancelled, "stopping"}))
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
    return write_content(round, merge_content(round.wanted(), round.minted,
                                              round.existing ? *round.existing : none,
                                              round.needs.holds, context_.clock.wall_now()));
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
        if (!refused) {
            if (create && error.kind == ErrorKind::Conflict) {
                if (auto const live = carry_out_.get_secret(ns, round.stop)) {
                    context_.view.noted_secret(ns, *live);
                }
            }
            return fail(error);
        }
        round.extra.push_back({"", "", secret ? "SecretNotWritable" : "SecretTooLarge",
                               error.message, {}});
        for (auto const& [index, credential] : round.minted) {
            remember_failure(round, index, error);
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
                context_.events.on_tenancy(name, true, "NameConflict", "Write",
                                           "namespace " + round.gathered.ns + ": " +
                                               name_conflict_problem().message);
            }
        }
    }
    context_.status_changed(context_.board.put(
        round.gathered.ns, result_of(round.needs, round.policy, round.problems)));
    if (round.wait) {
        return look_again(std::min<std::chrono::nanoseconds>(*round.wait, wait_max));
    }
    auto const next = next_look(round.needs, memory.failures, round.now,
                                context_.clock.steady_now());
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
