#include "operator/tenancy/plan.hpp"

#include <algorithm>
#include <set>

#include "lib/tenancy/names_fixed.hpp"
#include "operator/proof/proof_board.hpp"

namespace rt::op {
namespace {

/// Reasons of mint_problems(); carried over by carried_problems().
constexpr std::string_view reason_denied = "CredentialDenied";
constexpr std::string_view reason_unavailable = "CredentialUnavailable";
constexpr std::string_view reason_refresh = "RefreshFailing";
constexpr std::string_view reason_pending = "CredentialPending";

/// Worth telling, but nothing is broken.
bool is_notice(std::string_view reason) {
    return reason == reason_refresh || reason == reason_pending || is_proof_reason(reason);
}

bool is_mint_reason(std::string_view reason) {
    return reason == reason_denied || reason == reason_unavailable || reason == reason_refresh ||
           reason == reason_secret_too_large || reason == reason_secret_not_writable;
}

MintFailure const* failure_of(CredentialNeed const& need, MintFailures const& failures) {
    auto const found = failures.find(failure_key(need));
    return found == failures.end() ? nullptr : &found->second;
}

std::string behind(CredentialNeed const& need) {
    return need.spec.tenancies.empty() ? std::string() : need.spec.tenancies.front();
}

std::string in_brackets(std::string const& code) {
    return code.empty() ? std::string() : " (" + code + ")";
}

GrantProblem problem_of(CredentialNeed const& need, MintFailure const& failure) {
    GrantProblem problem;
    problem.registry = need.wanted.registry;
    problem.tenancy = behind(need);
    if (!failure.reason.empty() && !need.working()) {
        problem.reason = failure.reason;
        problem.message = failure.message;
        return problem;
    }
    std::string const subject = "The credential for registry \"" + need.wanted.registry + "\" ";
    std::string const who =
        failure.permanent ? "; cluster admins see the details in the Events of RegistryTenancy \"" +
                                problem.tenancy + "\""
                          : "; it is tried again without anybody's help";
    if (need.working()) {
        problem.reason = reason_refresh;
        problem.message = subject + "works, but could not be renewed so far" +
                          in_brackets(failure.code) + who + ".";
        return problem;
    }
    problem.reason = failure.permanent ? reason_denied : reason_unavailable;
    problem.message =
        subject + (failure.permanent ? "is refused" : "could not be obtained") +
        in_brackets(failure.code) +
        (need.current ? ", so the one from before the last change stays in use" : "") + who + ".";
    return problem;
}

}  // namespace

std::string failure_key(CredentialNeed const& need) {
    return need.wanted.registry + '\n' + need.wanted.inputs;
}

void forget_settled(MintFailures& failures, Needs const& needs) {
    std::set<std::string> open;
    for (CredentialNeed const& need : needs.credentials) {
        if (need.state != CredentialNeed::State::Fresh) {
            open.insert(failure_key(need));
        }
    }
    std::erase_if(failures, [&](auto const& one) { return !open.contains(one.first); });
}

std::vector<std::size_t> due_mints(Needs const& needs, MintFailures const& failures,
                                   SteadyTime now) {
    std::vector<std::size_t> due;
    if (needs.name_conflict) {
        return due;
    }
    for (std::size_t i = 0; i < needs.credentials.size(); ++i) {
        CredentialNeed const& need = needs.credentials[i];
        MintFailure const* failure = failure_of(need, failures);
        bool const waits = failure != nullptr && failure->next_attempt > now;
        if (need.state != CredentialNeed::State::Fresh && !waits) {
            due.push_back(i);
        }
    }
    return due;
}

std::vector<GrantProblem> mint_problems(Needs const& needs, MintFailures const& failures) {
    std::vector<GrantProblem> problems;
    for (CredentialNeed const& need : needs.credentials) {
        MintFailure const* failure = failure_of(need, failures);
        if (failure == nullptr || need.state == CredentialNeed::State::Fresh) {
            continue;
        }
        // A refresh has half a life to succeed: hiccups in the first half of that are nobody's
        // worry.
        if (need.state == CredentialNeed::State::Due && !failure->permanent) {
            continue;
        }
        problems.push_back(problem_of(need, *failure));
    }
    return problems;
}

GrantProblem name_conflict_problem() {
    return {
        "",
        "",
        "NameConflict",
        "A Secret named \"" + std::string(tenancy::pull_secret_name) +
            "\" exists here that registry-tenancy did not make; it is left alone, so there are no "
            "credentials. Delete or rename it, and the right one is made at once.",
        {}};
}

GrantProblem pending_problem(CredentialNeed const& need) {
    return {
        need.wanted.registry,
        behind(need),
        std::string(reason_pending),
        "The credential for registry \"" + need.wanted.registry +
            "\" takes longer than usual: the cloud is slow, or many are asked for at the moment. "
            "Pods that need it start as soon as it is there.",
        {}};
}

std::vector<GrantProblem> waiting_problems(Needs const& needs,
                                           std::map<std::string, SteadyTime> const& waiting_since,
                                           SteadyTime now) {
    std::vector<GrantProblem> problems;
    for (CredentialNeed const& need : needs.credentials) {
        auto const since = waiting_since.find(failure_key(need));
        if (need.working() || since == waiting_since.end() || now < since->second + silent_wait) {
            continue;
        }
        problems.push_back(pending_problem(need));
    }
    return problems;
}

std::vector<GrantProblem> standing_problems(Needs const& needs) {
    std::vector<GrantProblem> problems;
    problems.reserve(needs.problems.size() + 1);
    for (tenancy::CredentialProblem const& problem : needs.problems) {
        problems.push_back({problem.registry,
                            problem.tenancy,
                            problem.reason,
                            problem.message,
                            {},
                            problem.exception});
    }
    if (needs.name_conflict && !needs.credentials.empty()) {
        problems.push_back(name_conflict_problem());
    }
    return problems;
}

std::vector<GrantProblem> carried_problems(std::vector<GrantProblem> const& before,
                                           Needs const& needs) {
    std::vector<GrantProblem> carried;
    for (GrantProblem const& problem : before) {
        bool const open = std::any_of(needs.credentials.begin(), needs.credentials.end(),
                                      [&](CredentialNeed const& need) {
                                          return need.wanted.registry == problem.registry &&
                                                 behind(need) == problem.tenancy &&
                                                 need.state != CredentialNeed::State::Fresh;
                                      });
        if (is_mint_reason(problem.reason) && open && !needs.name_conflict) {
            carried.push_back(problem);
        }
    }
    return carried;
}

std::optional<std::chrono::nanoseconds> next_look(Needs const& needs, MintFailures const& failures,
                                                  WallTime wall_now, SteadyTime steady_now) {
    std::optional<std::chrono::nanoseconds> next;
    auto const at = [&](std::chrono::nanoseconds delay) {
        delay = std::max(delay, std::chrono::nanoseconds::zero());
        next = next ? std::min(*next, delay) : delay;
    };
    if (needs.name_conflict) {
        return next;
    }
    if (needs.next_held_expiry) {
        at(*needs.next_held_expiry - wall_now);
    }
    for (CredentialNeed const& need : needs.credentials) {
        MintFailure const* failure = failure_of(need, failures);
        if (failure != nullptr) {
            at(failure->next_attempt - steady_now);
        } else if (need.state != CredentialNeed::State::Fresh) {
            at(std::chrono::nanoseconds::zero());
        }
        if (!need.times) {
            continue;
        }
        if (need.state == CredentialNeed::State::Fresh) {
            at(need.times->refresh - wall_now);
            continue;
        }
        at(need.times->expiry - wall_now);
        if (need.state == CredentialNeed::State::Due) {
            at(need.times->degraded - wall_now);
        }
    }
    return next;
}

NamespaceResult result_of(Needs const& needs, tenancy::NamespacePolicy const& policy,
                          std::vector<GrantProblem> const& problems) {
    NamespaceResult result;
    for (auto const& source : policy.sources()) {
        result.tenancies.push_back(source->meta.name);
    }
    for (auto const& active : policy.exceptions()) {
        result.exceptions.push_back(active.exception->meta.name);
    }
    // A problem that names no tenancy concerns all.
    for (GrantProblem const& problem : problems) {
        if (!problem.exception.empty()) {
            // What tenancies give is not affected.
            result.exception_failures.push_back(
                {problem.exception, problem.registry, problem.reason, problem.message});
        } else if (!is_notice(problem.reason)) {
            result.failures.push_back(
                {problem.tenancy, problem.registry, problem.reason, problem.message});
        }
    }
    for (CredentialNeed const& need : needs.credentials) {
        if (need.working()) {
            continue;
        }
        for (std::string const& name : need.spec.tenancies) {
            auto const told =
                std::find_if(result.failures.begin(), result.failures.end(),
                             [&](NamespaceResult::Failure const& failure) {
                                 return failure.tenancy == name || failure.tenancy.empty();
                             });
            if (told != result.failures.end()) {
                continue;
            }
            auto const of_registry =
                std::find_if(problems.begin(), problems.end(), [&](GrantProblem const& problem) {
                    return problem.registry == need.wanted.registry &&
                           is_mint_reason(problem.reason) && !is_notice(problem.reason);
                });
            if (of_registry != problems.end()) {
                result.failures.push_back(
                    {name, need.wanted.registry, of_registry->reason, of_registry->message});
            } else {
                result.pending.push_back(name);
            }
        }
    }
    std::sort(result.pending.begin(), result.pending.end());
    result.pending.erase(std::unique(result.pending.begin(), result.pending.end()),
                         result.pending.end());
    return result;
}

}  // namespace rt::op
