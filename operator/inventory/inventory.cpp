#include "operator/inventory/inventory.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/log.hpp"
#include "lib/kube/core/status.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

/// A type for reports comes and goes with another product's installation.
constexpr std::chrono::minutes discover_interval{10};
/// A field manager of its own: the other writer's apply leaves `workloads` alone, and ours the
/// rest.
constexpr std::string_view inventory_manager = "registry-tenancy-inventory";

}  // namespace

kube::Outcome Inventory::reconcile(std::string const& key, std::stop_token const& stop) {
    if (key == look_for_reports) {
        return discover(stop);
    }
    if (!context_.running.complete()) {
        return kube::Outcome::done();  // everything is looked at once it is
    }
    Gathered const gathered = context_.view.gather(key);
    auto const policy =
        policy_in_force(gathered, context_.clock.wall_now(), context_.exception_life_max);
    if (!policy) {
        return leave(gathered, stop);
    }
    // Before the grant is there, the namespace has just become governed.
    WallTime const since = gathered.grant ? gathered.grant->created : context_.clock.wall_now();
    auto workloads = tenancy::judge_running(*policy, context_.running.of(key), since);

    auto const granted = write_grant(gathered, workloads, stop);
    auto const reported = reports_.put(key, workloads, stop);
    context_.status_changed(context_.board.put(key, policy->tenancies(), std::move(workloads)));
    for (auto const* result : {&granted, &reported}) {
        if (!*result && result->error().kind != ErrorKind::Cancelled) {
            log_warn("Findings of the inventory not written; trying again",
                     {{"namespace", key}, {"error", result->error().message}});
            return kube::Outcome::retry();
        }
    }
    return kube::Outcome::done();
}

kube::Outcome Inventory::leave(Gathered const& gathered, std::stop_token const& stop) {
    context_.status_changed(context_.board.remove(gathered.ns));
    if (!gathered.record || gathered.record->terminating) {
        reports_.forget(gathered.ns);
        return kube::Outcome::done();
    }
    return reports_.put(gathered.ns, {}, stop) ? kube::Outcome::done() : kube::Outcome::retry();
}

Result<void> Inventory::write_grant(Gathered const& gathered, tenancy::Workloads const& workloads,
                                    std::stop_token const& stop) {
    if (!gathered.grant) {
        return {};  // its appearance brings us here again
    }
    Json wanted = to_json(workloads);
    if (gathered.grant->workloads_hash == workloads_hash(wanted)) {
        return {};
    }
    Json grant = {{"apiVersion", tenancy::api_version},
                  {"kind", kube::types::registry_grants.kind},
                  // With the uid nothing is created should the grant be gone.
                  {"metadata",
                   {{"name", tenancy::grant_name},
                    {"namespace", gathered.ns},
                    {"uid", gathered.grant->uid}}}};
    if (!wanted.is_null()) {
        grant["workloads"] = std::move(wanted);
    }
    kube::ApplyOptions options;
    options.field_manager = std::string(inventory_manager);
    auto const applied = context_.api.apply(kube::types::registry_grants, grant, options, stop);
    context_.metrics.wrote("grant", "apply", applied.has_value());
    if (!applied) {
        bool const gone = applied.error().kind == ErrorKind::NotFound ||
                          applied.error().kind == ErrorKind::Conflict ||
                          applied.error().code == kube::codes::namespace_terminating;
        return gone ? Result<void>() : Result<void>(fail(applied.error()));
    }
    context_.view.noted_grant(gathered.ns, *applied);
    return {};
}

kube::Outcome Inventory::discover(std::stop_token const& stop) {
    auto const changed = reports_.discover(stop);
    if (!changed) {
        log_debug("Cannot tell whether there is a type for reports",
                  {{"error", changed.error().message}});
        // A type that was installed a moment ago is not served at once. A right that is missing
        // will not come soon.
        if (changed.error().kind != ErrorKind::Forbidden) {
            return kube::Outcome::retry();
        }
    } else if (*changed) {
        context_.look_at_everything();
    }
    return kube::Outcome::after(discover_interval);
}

}  // namespace rt::op
