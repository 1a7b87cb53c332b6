#include "operator/tenancy/carry_out.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

/// Enough for an API server that changes leaders; longer trouble is the queue's business.
constexpr int attempts_max = 4;
/// Half a minute: a credential that is given up must be minted again. A leader without an API
/// server loses its Lease within 10 s, which ends this; trouble that is longer is of this one
/// Secret.
constexpr int secret_attempts_max = 10;
constexpr std::chrono::milliseconds first_pause{250};
constexpr std::chrono::milliseconds pause_max{5'000};
/// One live list serves all namespaces that leave at the same time; it is young against the grace.
constexpr std::chrono::seconds live_list_lifetime{2};

kube::ObjectKey secret_key(std::string const& ns) {
    return {ns, std::string(tenancy::pull_secret_name)};
}

kube::ObjectKey grant_key(std::string const& ns) {
    return {ns, std::string(tenancy::grant_name)};
}

kube::ApplyOptions apply_options(bool force) {
    kube::ApplyOptions options;
    options.field_manager = std::string(tenancy::field_manager);
    options.force = force;
    return options;
}

}  // namespace

template <class T>
Result<T> CarryOut::with_retries(std::function<Result<T>()> const& call,
                                 std::stop_token const& stop, int attempts) {
    auto pause = first_pause;
    for (int attempt = 1;; ++attempt) {
        Result<T> result = call();
        bool const again = !result && (result.error().kind == ErrorKind::Unavailable ||
                                       result.error().kind == ErrorKind::Throttled ||
                                       result.error().kind == ErrorKind::DeadlineExceeded);
        if (!again || attempt == attempts) {
            return result;
        }
        auto const asked = result.error().retry_after.value_or(pause);
        if (!clock_.sleep_for(std::min(std::max(asked, pause), pause_max), stop)) {
            return result;
        }
        pause *= 2;
    }
}

Result<void> CarryOut::apply_grant(std::string const& ns, Json const& grant,
                                   std::stop_token const& stop) {
    auto result = with_retries<Json>(
        [&] { return api_.apply(kube::types::registry_grants, grant, apply_options(true), stop); },
        stop, attempts_max);
    metrics_.wrote("grant", "apply", result.has_value());
    if (!result) {
        return fail(result.error().with_context("writing RegistryGrant in namespace " + ns));
    }
    view_.noted_grant(ns, *result);
    return {};
}

Result<Json> CarryOut::get_secret(std::string const& ns, std::stop_token const& stop) {
    return with_retries<Json>([&] { return api_.get(kube::types::secrets, secret_key(ns), stop); },
                              stop, attempts_max);
}

Result<Json> CarryOut::apply_secret(std::string const& ns, Json const& secret, bool create,
                                    std::stop_token const& stop) {
    auto result = with_retries<Json>(
        [&] { return api_.apply(kube::types::secrets, secret, apply_options(!create), stop); },
        stop, secret_attempts_max);
    metrics_.wrote("secret", "apply", result.has_value());
    if (!result) {
        return fail(result.error().with_context("writing the pull Secret in namespace " + ns));
    }
    view_.noted_secret(ns, *result);
    return result;
}

Result<void> CarryOut::remove_secret(std::string const& ns, SecretRecord const& record,
                                     std::stop_token const& stop) {
    auto const result = api_.remove(kube::types::secrets, secret_key(ns),
                                    {record.uid, record.resource_version}, stop);
    bool const gone = result.has_value() || result.error().kind == ErrorKind::NotFound;
    metrics_.wrote("secret", "delete", gone);
    if (!gone) {
        return fail(result.error().with_context("deleting the pull Secret in namespace " + ns));
    }
    view_.noted_secret_gone(ns, record.uid);
    return {};
}

Result<void> CarryOut::remove_grant(std::string const& ns, GrantRecord const& record,
                                    std::stop_token const& stop) {
    auto const result = api_.remove(kube::types::registry_grants, grant_key(ns),
                                    {record.uid, record.resource_version}, stop);
    bool const gone = result.has_value() || result.error().kind == ErrorKind::NotFound;
    metrics_.wrote("grant", "delete", gone);
    if (!gone) {
        return fail(result.error().with_context("deleting the RegistryGrant in namespace " + ns));
    }
    view_.noted_grant_gone(ns, record.uid);
    return {};
}

Result<CarryOut::Objects> CarryOut::live_tenancies(std::stop_token const& stop) {
    std::lock_guard const lock(live_mutex_);
    SteadyTime const now = clock_.steady_now();
    if (live_ && now - live_at_ < live_list_lifetime) {
        return live_;
    }
    kube::ListOptions options;
    options.limit = 500;
    auto page = kube::list_all(api_, kube::types::registry_tenancies, options, stop);
    if (!page) {
        return fail(page.error().with_context("listing RegistryTenancies"));
    }
    live_ = std::make_shared<std::vector<Json> const>(std::move(page->items));
    live_at_ = now;
    return live_;
}

Result<bool> CarryOut::governed_live(std::string const& ns, std::stop_token const& stop) {
    auto const object = api_.get(kube::types::namespaces, {"", ns}, stop);
    if (!object) {
        if (object.error().kind == ErrorKind::NotFound) {
            return false;
        }
        return fail(object.error().with_context("reading namespace " + ns));
    }
    Labels const labels = read_namespace_record(*object).labels;
    RT_TRY(Objects const items, live_tenancies(stop));
    return std::any_of(items->begin(), items->end(), [&](Json const& item) {
        auto const parsed = tenancy::RegistryTenancy::parse(item);
        return parsed ? parsed->governs(ns, labels)
                      : BrokenTenancy::read(item).may_govern(ns, labels);
    });
}

}  // namespace rt::op
