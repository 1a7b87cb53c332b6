#include "operator/tenancy/grant.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "lib/tenancy/grant.hpp"

namespace rt::op {

Json render_grant(std::string const& ns, tenancy::NamespacePolicy const& policy,
                  std::vector<GrantProblem> const& problems) {
    std::vector<tenancy::GrantProblem> told;
    told.reserve(problems.size());
    for (GrantProblem const& problem : problems) {
        told.push_back({problem.registry, problem.tenancy, problem.reason, problem.message,
                        problem.since, problem.exception});
    }
    return tenancy::effective_grant(policy, told, ns);
}

std::vector<GrantProblem> with_since(std::vector<GrantProblem> problems,
                                     std::vector<GrantProblem> const& before, WallTime now) {
    std::stable_sort(problems.begin(), problems.end(),
                     [](GrantProblem const& a, GrantProblem const& b) {
                         return std::tie(a.registry, a.tenancy, a.reason, a.exception) <
                                std::tie(b.registry, b.tenancy, b.reason, b.exception);
                     });
    auto const repeated =
        std::unique(problems.begin(), problems.end(),
                    [](GrantProblem const& a, GrantProblem const& b) { return a.same_as(b); });
    problems.erase(repeated, problems.end());
    for (GrantProblem& problem : problems) {
        auto const known = std::find_if(before.begin(), before.end(), [&](GrantProblem const& one) {
            return one.same_as(problem);
        });
        problem.since = known != before.end() && known->since != WallTime{}
                            ? known->since
                            : std::chrono::floor<std::chrono::seconds>(now);
    }
    return problems;
}

}  // namespace rt::op
