// The part of NamespaceReconciler for namespaces that no tenancy governs, but exceptions may open.
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "operator/tenancy/grant.hpp"
#include "operator/tenancy/round.hpp"

namespace rt::op {

std::vector<tenancy::ActiveException> NamespaceReconciler::active_exceptions(
    Gathered const& gathered) const {
    return gathered.rules->exceptions(gathered.ns, context_.clock.wall_now(),
                                      context_.settings.exception_life_max);
}

kube::Outcome NamespaceReconciler::ungoverned(Gathered const& gathered,
                                              std::stop_token const& stop) {
    std::string const& ns = gathered.ns;
    bool const left_over = (gathered.secret && gathered.secret->ours) ||
                           (gathered.grant && gathered.grant->of_tenancies);
    if (left_over) {
        auto const memory = memory_of(ns);
        return leave(gathered, *memory, stop);
    }
    // Where ungoverned namespaces are open anyway, a grant would close them to who enforces grants.
    bool const closed =
        context_.settings.unmanaged_namespaces == tenancy::UnmanagedNamespaces::Deny;
    auto exceptions = closed && !gathered.excluded ? active_exceptions(gathered)
                                                   : std::vector<tenancy::ActiveException>{};
    if (exceptions.empty()) {
        if (gathered.grant) {
            if (auto const removed = carry_out_.remove_grant(ns, *gathered.grant, stop); !removed) {
                log_warn("Could not clean up",
                         {{"namespace", ns}, {"error", removed.error().message}});
                return kube::Outcome::retry();
            }
        }
        forget(ns);
        return kube::Outcome::done();
    }
    WallTime const now = context_.clock.wall_now();
    auto const policy =
        tenancy::NamespacePolicy::compile({}, {}, std::move(exceptions), gathered.rules->catalog());
    Needs const needs = needs_of(gathered, policy, context_.cluster, now);
    auto const problems =
        with_since(standing_problems(needs),
                   gathered.grant ? gathered.grant->problems : std::vector<GrantProblem>{}, now);
    Json const grant = render_grant(ns, policy, problems);
    if (!gathered.grant || gathered.grant->content_hash != grant_content_hash(grant)) {
        if (auto const written = carry_out_.apply_grant(ns, grant, stop); !written) {
            log_warn("RegistryGrant not written",
                     {{"namespace", ns}, {"error", written.error().message}});
            return kube::Outcome::retry();
        }
    }
    NamespaceResult result = result_of(needs, policy, problems);
    result.sequence = gathered.rules->sequence();
    context_.status_changed(context_.board.put(ns, std::move(result)));
    return look_again(next_end(policy, now).value_or(std::chrono::nanoseconds::zero()));
}

}  // namespace rt::op
