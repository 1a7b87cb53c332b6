#include "operator/proof/proof_board.hpp"

#include <algorithm>
#include <set>

#include "lib/base/text.hpp"

namespace rt::op {
namespace {

bool concerns(ProofFinding const& finding, std::string const& tenancy) {
    return std::find(finding.tenancies.begin(), finding.tenancies.end(), tenancy) !=
           finding.tenancies.end();
}

std::set<std::string> told(ProofState const& state) {
    std::set<std::string> texts;
    for (ProofFinding const& finding : state.findings) {
        if (registry::is_trouble(finding.reason)) {
            texts.insert(finding.registry + '\n' + finding.for_developers);
        }
    }
    return texts;
}

ProofBoard::Touched touched_by(ProofState const& before, ProofState const& after) {
    ProofBoard::Touched touched;
    if (before == after) {
        return touched;
    }
    std::set<std::string> names;
    for (ProofState const* state : {&before, &after}) {
        for (ProofFinding const& finding : state->findings) {
            names.insert(finding.tenancies.begin(), finding.tenancies.end());
        }
    }
    touched.tenancies.assign(names.begin(), names.end());
    touched.problems = told(before) != told(after) || before.complete != after.complete;
    return touched;
}

}  // namespace

ProofBoard::Touched ProofBoard::put(std::string const& ns, ProofState state) {
    std::lock_guard const lock(mutex_);
    ProofState& known = states_[ns];
    Touched touched = touched_by(known, state);
    known = std::move(state);
    return touched;
}

ProofBoard::Touched ProofBoard::remove(std::string const& ns) {
    std::lock_guard const lock(mutex_);
    auto const found = states_.find(ns);
    if (found == states_.end()) {
        return {};
    }
    Touched touched = touched_by(found->second, {});
    states_.erase(found);
    return touched;
}

ProofState ProofBoard::of(std::string const& ns) const {
    std::lock_guard const lock(mutex_);
    auto const found = states_.find(ns);
    return found == states_.end() ? ProofState{} : found->second;
}

ProofBoard::Tally ProofBoard::tally(std::string const& tenancy,
                                    std::vector<std::string> const& namespaces) const {
    Tally tally;
    std::lock_guard const lock(mutex_);
    for (std::string const& ns : namespaces) {
        auto const found = states_.find(ns);
        if (found == states_.end() || !found->second.complete) {
            ++tally.unknown;
        }
        ProofFinding const* worst = nullptr;
        if (found != states_.end()) {
            for (ProofFinding const& finding : found->second.findings) {
                if (concerns(finding, tenancy) &&
                    (worst == nullptr || finding.reason > worst->reason)) {
                    worst = &finding;
                }
            }
        }
        if (worst == nullptr) {
            continue;
        }
        if (worst->reason == registry::Reason::Verified) {
            ++tally.verified;
        } else {
            ++(registry::is_trouble(worst->reason) ? tally.troubled : tally.silent);
        }
        bool const first = tally.ns.empty() || worst->reason > tally.finding.reason ||
                           (worst->reason == tally.finding.reason && ns < tally.ns);
        if (first) {
            tally.ns = ns;
            tally.finding = *worst;
        }
    }
    return tally;
}

bool is_proof_reason(std::string_view reason) {
    auto const known = registry::reason_of(reason);
    return known && registry::is_trouble(*known);
}

std::vector<GrantProblem> proof_problems(ProofState const& state, Needs const& needs,
                                         std::vector<GrantProblem> const& before) {
    std::vector<GrantProblem> problems;
    std::set<std::string> unasked;
    for (CredentialNeed const& need : needs.credentials) {
        auto const finding = std::find_if(
            state.findings.begin(), state.findings.end(), [&](ProofFinding const& one) {
                return one.registry == need.wanted.registry && one.inputs == need.wanted.inputs;
            });
        if (finding == state.findings.end()) {
            unasked.insert(need.wanted.registry);
        } else if (registry::is_trouble(finding->reason) && need.working()) {
            problems.push_back({finding->registry,
                                finding->tenancies.empty() ? "" : finding->tenancies.front(),
                                std::string(registry::name_of(finding->reason)),
                                finding->for_developers,
                                {}});
        }
    }
    for (GrantProblem const& problem : before) {
        if (is_proof_reason(problem.reason) && unasked.contains(problem.registry)) {
            problems.push_back(problem);
        }
    }
    return problems;
}

kube::Condition pull_verified_condition(ProofBoard::Tally const& tally,
                                        kube::Condition const* known) {
    kube::Condition condition;
    if (tally.troubled == 0 && tally.unknown != 0) {
        return known == nullptr ? condition : *known;
    }
    std::string const where = "namespace " + tally.ns + ", registry " + tally.finding.registry;
    if (tally.ns.empty()) {
        return condition;  // no credentials, so nothing to prove
    }
    condition.type = std::string(pull_verified);
    condition.reason = std::string(registry::name_of(tally.finding.reason));
    if (tally.troubled != 0) {
        condition.status = "False";
        condition.message =
            where + ": " + tally.finding.for_admins +
            (tally.troubled > 1 ? " (the same or worse trouble in " +
                                      counted(tally.troubled - 1, "namespace") + " more)"
                                : "");
        return condition;
    }
    if (tally.verified == 0) {
        bool const of_all = tally.finding.reason == registry::Reason::SwitchedOff;
        condition.message = (of_all ? "" : where + ": ") + tally.finding.for_admins;
        return condition;
    }
    condition.status = "True";
    condition.reason = std::string(registry::name_of(registry::Reason::Verified));
    condition.message =
        "the registries grant what images in use need, and only with a credential" +
        (tally.silent == 0 ? std::string()
                           : "; nothing could be asked for " + counted(tally.silent, "namespace"));
    return condition;
}

}  // namespace rt::op
