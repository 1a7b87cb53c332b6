#include "operator/proof/pull_prover.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "operator/tenancy/plan.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;

/// Checks after a pause come together, as many as this time brings.
constexpr double burst_seconds = 4;
/// Registries that are asked for manifests one by one.
constexpr std::size_t manifests_max = 4;
/// How long what GET /v2/ told holds for all namespaces: while a registry doesn't answer, its
/// namespaces don't wait for it one after the other.
constexpr std::chrono::minutes door_life{10};
constexpr std::chrono::seconds closed_door_life{15};
/// Hosts of all Registries; a bound for when these come and go.
constexpr std::size_t doors_max = 1024;
constexpr std::chrono::seconds second_look{20};
constexpr std::chrono::seconds again_first{60};
constexpr std::chrono::seconds again_max{600};

std::chrono::seconds again_in(int failures) {
    std::chrono::seconds delay = again_first;
    for (int i = 1; i < failures && delay < again_max; ++i) {
        delay *= 2;
    }
    return std::min(delay, again_max);
}

}  // namespace

/// One look at a namespace.
struct PullProver::Round {
    std::string const& ns;
    Memory& memory;
    std::stop_token const& stop;
    std::vector<tenancy::RunningImage> running;
    std::optional<SecretContent> content{};
    std::optional<std::chrono::nanoseconds> next{};

    void look_in(std::chrono::nanoseconds delay) {
        delay = std::max(delay, delay.zero());
        next = next ? std::min(*next, delay) : delay;
    }
};

PullProver::PullProver(PullProverContext context)
    : context_(std::move(context)),
      budget_(context_.checks_per_second, std::max(1.0, context_.checks_per_second * burst_seconds),
              context_.clock.steady_now()) {}

kube::Outcome PullProver::forget(std::string const& ns) {
    {
        std::lock_guard const lock(mutex_);
        memories_.erase(ns);
    }
    context_.changed(ns, context_.board.remove(ns));
    return kube::Outcome::done();
}

kube::Outcome PullProver::reconcile(std::string const& ns, std::stop_token const& stop) {
    if (!context_.running.complete()) {
        return kube::Outcome::done();  // every namespace is looked at once it is
    }
    Gathered const gathered = context_.view.gather(ns);
    TenancyList governing;
    if (gathered.record && !gathered.record->terminating && !gathered.excluded) {
        governing = gathered.rules->governing(ns, gathered.record->labels);
    }
    if (governing.empty()) {
        return forget(ns);
    }
    WallTime const now = context_.clock.wall_now();
    auto const policy = tenancy::NamespacePolicy::compile(
        std::move(governing), gathered.rules->baselines(),
        gathered.rules->exceptions(ns, now, context_.exception_life_max),
        gathered.rules->catalog());
    Needs const needs = needs_of(gathered, policy, context_.cluster, now);
    std::shared_ptr<Memory> memory;
    {
        std::lock_guard const lock(mutex_);
        std::shared_ptr<Memory>& known = memories_[ns];
        known = known ? known : std::make_shared<Memory>();
        memory = known;
    }
    std::erase_if(*memory, [&](auto const& one) {
        return std::none_of(
            needs.credentials.begin(), needs.credentials.end(),
            [&](CredentialNeed const& need) { return failure_key(need) == one.first; });
    });
    Round round{ns, *memory, stop, context_.running.of(ns)};
    ProofState state;
    state.complete = true;
    for (CredentialNeed const& need : needs.credentials) {
        look_at(round, need);
        auto const& finding = round.memory[failure_key(need)].finding;
        if (finding) {
            state.findings.push_back(*finding);
        } else {
            state.complete = false;
        }
    }
    context_.changed(ns, context_.board.put(ns, std::move(state)));
    if (!round.next) {
        return kube::Outcome::done();
    }
    return kube::Outcome::after(std::chrono::ceil<std::chrono::milliseconds>(
                                    std::min<std::chrono::nanoseconds>(*round.next, again_max)) +
                                std::chrono::milliseconds(1));
}

void PullProver::look_at(Round& round, CredentialNeed const& need) {
    Checked& checked = round.memory[failure_key(need)];
    if (checked.finding) {
        checked.finding->tenancies = need.spec.tenancies;
    }
    auto const silent = [&](registry::Reason reason) {
        checked.finding = {need.wanted.registry,
                           need.wanted.inputs,
                           need.spec.tenancies,
                           reason,
                           registry::words_for({reason}, need.spec, {}).for_admins,
                           ""};
    };
    if (context_.checks_per_second == 0) {
        return silent(registry::Reason::SwitchedOff);
    }
    if (!need.working() || !need.current) {
        return;  // its Secret's change brings us here again
    }
    registry::Questions const questions = registry::questions_of(need.spec, round.running);
    if (questions.asked.empty()) {
        // What was told of the same role before holds for a renewed credential, too.
        if (!checked.finding) {
            silent(registry::Reason::NothingToAsk);
        }
        return;
    }
    bool const new_entry = std::any_of(
        questions.asked.begin(), questions.asked.end(), [&](registry::Asked const& one) {
            return std::find(checked.entries.begin(), checked.entries.end(), one.entry) ==
                   checked.entries.end();
        });
    SteadyTime const now = context_.clock.steady_now();
    bool const due = checked.issued_at != need.current->issued_at || new_entry ||
                     (checked.next && now >= *checked.next);
    if (!due) {
        if (checked.next) {
            round.look_in(*checked.next - now);
        }
        return;
    }
    if (auto const verdict = check(round, need, questions)) {
        settle(round, checked, need, questions, *verdict);
    }
}

std::optional<registry::Verdict> PullProver::check(Round& round, CredentialNeed const& need,
                                                   registry::Questions const& questions) {
    {
        std::lock_guard const lock(mutex_);
        if (auto const wait = budget_.try_take(context_.clock.steady_now())) {
            round.look_in(*wait);
            return std::nullopt;
        }
    }
    if (!round.content) {
        auto const secret = context_.api.get(
            kube::types::secrets, {round.ns, std::string(tenancy::pull_secret_name)}, round.stop);
        auto content =
            secret ? read_secret_content(*secret) : Result<SecretContent>(fail(secret.error()));
        if (!content) {
            round.look_in(second_look);
            return std::nullopt;
        }
        round.content = std::move(*content);
    }
    auto const stored = std::find_if(
        round.content->credentials.begin(), round.content->credentials.end(),
        [&](StoredCredential const& one) {
            return one.record.registry == need.wanted.registry && one.record == *need.current;
        });
    if (stored == round.content->credentials.end() || stored->logins.empty()) {
        round.look_in(second_look);  // it has just changed
        return std::nullopt;
    }
    StoredCredential::Login const& login = stored->logins.begin()->second;
    tenancy::Registry const& registry = *need.spec.registry;
    auto const door = door_of(registry, questions.host, round.stop);
    std::span<registry::Asked const> asked(questions.asked);
    if (door && door->kind != registry::Door::Kind::Bearer) {
        asked = asked.first(std::min(asked.size(), manifests_max));
    }
    auto const answers = door ? registry::ask(context_.registries, questions.host, *door, asked,
                                              {login.username, login.password.reveal()}, round.stop)
                              : Result<registry::Answers>(fail(door.error()));
    if (!answers && answers.error().kind == ErrorKind::Cancelled) {
        return std::nullopt;
    }
    return registry::verdict_of(asked, answers);
}

Result<registry::Door> PullProver::door_of(tenancy::Registry const& registry,
                                           std::string const& host, std::stop_token const& stop) {
    // A changed Registry may allow another realm.
    std::string const key = host + '\n' + registry.meta.uid + '\n' + registry.realm;
    {
        std::lock_guard const lock(mutex_);
        auto const known = doors_.find(key);
        if (known != doors_.end() && context_.clock.steady_now() < known->second.until) {
            return known->second.door;
        }
    }
    auto door = registry::knock(context_.registries, registry, host, stop);
    std::lock_guard const lock(mutex_);
    if (doors_.size() >= doors_max) {
        doors_.clear();
    }
    std::chrono::seconds const life = door ? std::chrono::seconds(door_life) : closed_door_life;
    doors_.insert_or_assign(key, Known{door, context_.clock.steady_now() + life});
    return door;
}

void PullProver::settle(Round& round, Checked& checked, CredentialNeed const& need,
                        registry::Questions const& questions, registry::Verdict const& verdict) {
    context_.metrics.pull_checked(registry::name_of(verdict.reason));
    checked.issued_at = need.current->issued_at;
    checked.entries.clear();
    for (registry::Asked const& one : questions.asked) {
        checked.entries.push_back(one.entry);
    }
    if (verdict.reason == registry::Reason::Verified) {
        checked.failures = 0;
        checked.next.reset();
    } else {
        ++checked.failures;
        bool const hiccup = registry::may_pass(verdict.reason) && checked.failures == 1;
        int const told = checked.failures - (registry::may_pass(verdict.reason) ? 1 : 0);
        std::chrono::seconds const delay = hiccup ? second_look : again_in(told);
        checked.next = context_.clock.steady_now() + delay;
        round.look_in(delay);
        if (hiccup) {
            return;  // nobody is told before it happened twice
        }
    }
    registry::Words words = registry::words_for(verdict, need.spec, questions.host);
    bool const news = !checked.finding || checked.finding->reason != verdict.reason;
    if (news && registry::is_trouble(verdict.reason)) {
        log_warn("A credential was minted that cannot do what it is for",
                 {{"namespace", round.ns},
                  {"registry", need.wanted.registry},
                  {"reason", registry::name_of(verdict.reason)},
                  {"what", words.for_admins}});
    }
    checked.finding = {need.wanted.registry,        need.wanted.inputs,
                       need.spec.tenancies,         verdict.reason,
                       std::move(words.for_admins), std::move(words.for_developers)};
}

}  // namespace rt::op
