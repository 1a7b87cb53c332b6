// The part of NamespaceReconciler that obtains credentials.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/registry/causes.hpp"
#include "operator/tenancy/grant.hpp"
#include "operator/tenancy/round.hpp"

namespace rt::op {
namespace {

constexpr std::size_t events_per_failure_max = 4;
/// Events tell of transitions; but they live an hour, and a failure that lasts must not be without
/// one, since grants send people there.
constexpr std::chrono::minutes tell_again_after{50};

std::string role_of(tenancy::CredentialSpec const& spec) {
    return spec.role ? spec.role->str() : "registry:" + spec.registry->meta.name;
}

/// A message without what differs each time, request IDs and times: its long words with digits.
std::string without_identifiers(std::string_view message) {
    constexpr std::size_t identifier_bytes_min = 12;
    std::string result;
    for (std::string_view const word : split(message, ' ')) {
        bool const digits = word.find_first_of("0123456789") != std::string_view::npos;
        if (!digits || word.size() < identifier_bytes_min) {
            result.append(word).append(" ");
        }
    }
    return result;
}

/// Whose call quota a mint uses.
std::string account_of(tenancy::CredentialSpec const& spec) {
    if (spec.registry->azure_acr) {
        return "azure:" + spec.registry->azure_acr->tenant_id;
    }
    return spec.role ? spec.role->partition() + ':' + spec.role->account()
                     : "registry:" + spec.registry->meta.name;
}

}  // namespace

Result<void> NamespaceReconciler::mint(Round& round) {
    if (round.drift_blocked) {
        return {};
    }
    SteadyTime const now = context_.clock.steady_now();
    for (std::size_t const index : due_mints(round.needs, round.memory.failures, now)) {
        if (!context_.leading()) {
            return fail({ErrorKind::Cancelled, "another replica may be leading by now"});
        }
        CredentialNeed const& need = round.needs.credentials[index];
        std::string const who = round.gathered.ns + '\n' + failure_key(need);
        bool const asks_a_cloud =
            need.spec.registry->type != tenancy::RegistryType::DockerConfigSecret;
        auto const wait = asks_a_cloud
                              ? context_.budget.ask(who, account_of(need.spec), role_of(need.spec))
                              : std::nullopt;
        if (wait) {
            round.memory.waiting_since.try_emplace(failure_key(need), now);
            context_.metrics.mint_waited();
            round.wait_at_most(*wait);
            continue;
        }
        round.memory.waiting_since.erase(failure_key(need));
        mint_one(round, index);
        if (round.stop.stop_requested()) {
            break;
        }
    }
    return {};
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
    auto credential =
        context_.source.mint({need.spec, round.gathered.ns, context_.cluster}, round.stop);
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
        if (need.working() && need.times) {
            context_.metrics.refreshed_late(std::max(
                WallTime::duration::zero(), context_.clock.wall_now() - need.times->refresh));
        }
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
        context_.budget.pause(role_of(need.spec),
                              credential.error().retry_after.value_or(std::chrono::seconds(1)));
    }
    remember_failure(round, index, credential.error());
}

std::vector<std::string> NamespaceReconciler::tell_slow_mints(std::stop_token const& stop) {
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
    std::vector<std::string> told;
    for (auto const& [ns, grant] : slow) {
        told.push_back(ns);
        if (auto const result = carry_out_.apply_grant(ns, *grant, stop); !result) {
            log_warn("Slow mint not told", {{"namespace", ns}, {"error", result.error().message}});
        }
    }
    return told;
}

void NamespaceReconciler::remember_failure(Round& round, std::size_t index, Error const& error) {
    CredentialNeed const& need = round.needs.credentials[index];
    MintFailure& failure = round.memory.failures[failure_key(need)];
    std::string cause = without_identifiers(error.message);
    SteadyTime const now = context_.clock.steady_now();
    bool const tell =
        !failure.told_at || failure.told != cause || now - *failure.told_at >= tell_again_after;
    failure.kind = error.kind;
    failure.code = error.code.empty() ? std::string(name_of(error.kind)) : error.code;
    failure.permanent = permanent(error);
    ++failure.count;
    failure.next_attempt = now + retry_delay(error, failure.count, context_.random);
    log_warn("No credential", {{"namespace", round.gathered.ns},
                               {"registry", need.wanted.registry},
                               {"kind", name_of(error.kind)},
                               {"code", error.code},
                               {"attempt", failure.count},
                               {"error", error.message}});
    if (!tell) {
        return;
    }
    failure.told_at = now;
    failure.told = std::move(cause);
    std::string const note = "namespace " + round.gathered.ns + ", registry " +
                             need.wanted.registry + ": " + error.message;
    std::size_t told = 0;
    for (std::string const& name : need.spec.tenancies) {
        if (told++ == events_per_failure_max) {
            break;
        }
        std::string const hint = registry::cloud_cause(error.message, name);
        context_.events.on_tenancy(name, true, need.working() ? "RefreshFailed" : "MintFailed",
                                   "Mint", note + (hint.empty() ? "" : ": " + hint));
    }
}

void NamespaceReconciler::remember_unwritten(Round& round) {
    for (auto const& [index, credential] : round.minted) {
        MintFailure& failure = round.memory.failures[failure_key(round.needs.credentials[index])];
        failure.kind = ErrorKind::Unavailable;
        failure.code = "SecretNotWritten";
        failure.permanent = false;
        ++failure.count;
        failure.next_attempt =
            context_.clock.steady_now() + write_retry_delay(failure.count, context_.random);
    }
}

}  // namespace rt::op
