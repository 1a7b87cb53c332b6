#include "operator/tenancy/status_writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/kube/core/condition.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

constexpr std::string_view tenancy_prefix = "tenancy/";
constexpr std::string_view registry_prefix = "registry/";
constexpr std::string_view exception_prefix = "exception/";
/// Nobody sleeps longer than this: a corrected calendar must not make an end late.
constexpr std::chrono::minutes look_interval_max{10};

/// "True", "False", "Unknown", or empty where the condition was never set.
std::string status_of(Json const& status, std::string_view type) {
    auto const conditions = kube::conditions_of(Json{{"status", status}});
    kube::Condition const* found = kube::find_condition(conditions, type);
    return found == nullptr ? std::string() : found->status;
}

std::string ready_of(Json const& status) {
    return status_of(status, "Ready");
}

std::string ready_message_of(Json const& status) {
    auto const conditions = kube::conditions_of(Json{{"status", status}});
    kube::Condition const* ready = kube::find_condition(conditions, "Ready");
    return ready == nullptr ? std::string() : ready->message;
}

std::string ready_reason_of(Json const& status) {
    auto const conditions = kube::conditions_of(Json{{"status", status}});
    kube::Condition const* ready = kube::find_condition(conditions, "Ready");
    return ready == nullptr ? std::string() : ready->reason;
}

}  // namespace

std::string tenancy_key(std::string const& name) {
    return std::string(tenancy_prefix) + name;
}
std::string registry_key(std::string const& name) {
    return std::string(registry_prefix) + name;
}

std::string exception_key(std::string const& name) {
    return std::string(exception_prefix) + name;
}

kube::Outcome StatusWriter::reconcile(std::string const& key, std::stop_token const& stop) {
    if (key.starts_with(tenancy_prefix)) {
        return write_tenancy(key.substr(tenancy_prefix.size()), stop);
    }
    if (key.starts_with(exception_prefix)) {
        return write_exception(key.substr(exception_prefix.size()), stop);
    }
    return write_registry(key.substr(registry_prefix.size()), stop);
}

Result<Json> StatusWriter::apply(kube::ResourceType const& type, std::string const& name,
                                 std::string const& uid, Json status, std::stop_token const& stop) {
    Json object = {
        {"apiVersion", type.api_version()},
        {"kind", type.kind},
        // With the uid, an object that was re-created meanwhile does not get the old one's.
        {"metadata", {{"name", name}, {"uid", uid}}},
        {"status", std::move(status)}};
    kube::ApplyOptions options;
    options.field_manager = std::string(tenancy::field_manager);
    options.subresource = "status";
    auto result = api_.apply(type, object, options, stop);
    metrics_.wrote("status", "apply", result.has_value());
    return result;
}

kube::Outcome StatusWriter::write_tenancy(std::string const& name, std::stop_token const& stop) {
    auto const declared = view_.tenancy(name);
    if (!declared || declared->deleted_at) {
        return kube::Outcome::done();
    }
    auto const namespaces = view_.namespaces_of(name);
    auto const tally = board_.tally(name, namespaces, declared->since);
    Json const status = tenancy_status(*declared, tally, workloads_.tally(namespaces),
                                       proofs_.tally(name, namespaces), clock_.wall_now());
    if (status == *declared->status) {
        return kube::Outcome::done();
    }
    auto const written =
        apply(kube::types::registry_tenancies, name, declared->meta.uid, status, stop);
    if (!written) {
        if (written.error().kind == ErrorKind::NotFound) {
            return kube::Outcome::done();
        }
        log_warn("Status not written", {{"tenancy", name}, {"error", written.error().message}});
        return kube::Outcome::retry();
    }
    view_.noted_tenancy(*written);
    tell_tenancy(name, *declared->status, status);
    return kube::Outcome::done();
}

void StatusWriter::tell_tenancy(std::string const& name, Json const& before, Json const& now) {
    if (std::string const ready = ready_of(now); ready != ready_of(before) && ready != "Unknown") {
        events_.on_tenancy(name, ready != "True", ready_reason_of(now), "Reconcile",
                           ready_message_of(now));
    }
    auto const had = kube::conditions_of(Json{{"status", before}});
    auto const have = kube::conditions_of(Json{{"status", now}});
    kube::Condition const* was = kube::find_condition(had, pull_verified);
    kube::Condition const* is = kube::find_condition(have, pull_verified);
    bool const was_bad = was != nullptr && was->status == "False";
    if (is != nullptr && is->status == "False" && (!was_bad || was->reason != is->reason)) {
        events_.on_tenancy(name, true, is->reason, "VerifyPull", is->message);
    } else if (is != nullptr && is->status == "True" && was_bad) {
        events_.on_tenancy(name, false, "PullVerified", "VerifyPull", is->message);
    }
}

kube::Outcome StatusWriter::write_registry(std::string const& name, std::stop_token const& stop) {
    auto const declared = view_.registry(name);
    if (!declared || declared->deleted_at) {
        return kube::Outcome::done();
    }
    auto const rules = view_.rules();
    std::size_t naming = 0;
    for (TenancyPointer const& one : rules->tenancies()) {
        auto const present = view_.tenancy(one->meta.name);
        bool const names_it =
            std::any_of(one->registries.begin(), one->registries.end(),
                        [&](tenancy::TenancyRegistry const& entry) { return entry.name == name; });
        naming += names_it && present && !present->deleted_at ? 1U : 0U;
    }
    std::vector<tenancy::RegistryCatalog::HostConflict> lost;
    for (auto const& conflict : rules->catalog().conflicts()) {
        if (conflict.loser == name) {
            lost.push_back(conflict);
        }
    }
    Json const status = registry_status(*declared, naming, lost, clock_.wall_now());
    if (status == *declared->status) {
        return kube::Outcome::done();
    }
    auto const written = apply(kube::types::registries, name, declared->meta.uid, status, stop);
    if (!written) {
        if (written.error().kind == ErrorKind::NotFound) {
            return kube::Outcome::done();
        }
        log_warn("Status not written", {{"registry", name}, {"error", written.error().message}});
        return kube::Outcome::retry();
    }
    view_.noted_registry(*written);
    return kube::Outcome::done();
}

kube::Outcome StatusWriter::write_exception(std::string const& name, std::stop_token const& stop) {
    auto const declared = view_.exception(name);
    if (!declared) {
        return kube::Outcome::done();
    }
    ExceptionTimes const times{clock_.wall_now(), exception_life_max_};
    auto const tally =
        board_.tally_exception(name, view_.namespaces_of_exception(name), declared->since);
    Json const status = exception_status(*declared, tally, times);
    if (status != *declared->status) {
        auto const written =
            apply(kube::types::registry_exceptions, name, declared->meta.uid, status, stop);
        if (!written) {
            if (written.error().kind == ErrorKind::NotFound) {
                return kube::Outcome::done();
            }
            log_warn("Status not written",
                     {{"exception", name}, {"error", written.error().message}});
            return kube::Outcome::retry();
        }
        view_.noted_exception(*written);
        tell_exception(name, *declared->status, status);
    }
    auto const next = exception_status_changes_in(*declared, times);
    if (!next) {
        return kube::Outcome::done();
    }
    // A millisecond more than due: rounding must not make us look a moment too early.
    return kube::Outcome::after(std::chrono::ceil<std::chrono::milliseconds>(
                                    std::min<std::chrono::nanoseconds>(*next, look_interval_max)) +
                                std::chrono::milliseconds(1));
}

void StatusWriter::tell_exception(std::string const& name, Json const& before, Json const& now) {
    std::string const end = string_at(now, "endsAt");
    // Only of what was seen running: one that had ended when it was applied ends no more.
    bool const was_active = status_of(before, "Active") == "True";
    if (was_active && status_of(now, "Active") == "False") {
        bool const ended = ready_reason_of(now) == "Expired";
        events_.on_exception(
            name, !ended, ended ? "ExceptionEnded" : "ExceptionInvalid",
            ended ? "RegistryException \"" + name + "\" has ended (" + end +
                        "): what only it allowed is refused from now on"
                  : "RegistryException \"" + name +
                        "\" cannot be read and allows nothing: " + ready_message_of(now));
    } else if (was_active && status_of(before, "Ending") == "False" &&
               status_of(now, "Ending") == "True") {
        events_.on_exception(name, true, "ExceptionEnding",
                             "RegistryException \"" + name + "\" ends on " + end +
                                 ": what only it allows will be refused then");
    }
}

}  // namespace rt::op
