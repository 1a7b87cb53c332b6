#include "operator/tenancy/sweeper.hpp"

#include <algorithm>

#include "lib/base/log.hpp"
#include "operator/tenancy/round.hpp"

namespace rt::op {
namespace {

/// Of a server's time: a sweep lists all robots of the cluster, and many clusters may share one
/// Harbor.
constexpr int rest_per_sweep = 20;
/// A grace of seconds, as tests set it, must not become a busy loop.
constexpr std::chrono::seconds interval_min{5};

}  // namespace

std::vector<std::string> Sweeper::newcomers() {
    std::vector<std::string> result;
    auto const rules = view_.rules();
    std::lock_guard const lock(mutex_);
    for (auto const& registry : rules->catalog().all()) {
        if (source_.leaves_behind(*registry) && swept_.insert(registry->meta.name).second) {
            result.push_back(registry->meta.name);
        }
    }
    return result;
}

kube::Outcome Sweeper::reconcile(std::string const& registry, std::stop_token const& stop) {
    SweepRequest request;
    request.registry = view_.rules()->catalog().shared_by_name(registry);
    if (!request.registry || !source_.leaves_behind(*request.registry)) {
        std::lock_guard const lock(mutex_);
        swept_.erase(registry);
        return kube::Outcome::done();
    }
    request.held = view_.held_credentials();
    request.grace = grace_;
    SteadyTime const start = clock_.steady_now();
    auto const result = source_.sweep(request, stop);
    auto const took = clock_.steady_now() - start;
    if (!result) {
        if (result.error().kind == ErrorKind::Cancelled) {
            return kube::Outcome::done();
        }
        metrics_.sweep_failed(result.error().kind);
        log_warn("What mints left behind was not swept; it ends by itself, and is looked at again",
                 {{"registry", registry},
                  {"kind", name_of(result.error().kind)},
                  {"error", result.error().message}});
        return kube::Outcome::retry();
    }
    metrics_.swept(result->removed);
    if (result->removed != 0) {
        log_info("Deleted what no pull Secret holds any more",
                 {{"registry", registry}, {"removed", result->removed}});
    }
    return look_again(
        std::max<std::chrono::nanoseconds>({grace_, interval_min, took * rest_per_sweep}));
}

}  // namespace rt::op
