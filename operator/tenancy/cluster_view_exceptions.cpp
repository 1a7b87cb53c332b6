// The part of ClusterView that keeps RegistryExceptions, and the status of all that admins declare.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {
namespace {

/// Takes the status, not the spec: that comes with the watch, which also tells whom it affects.
template <class T>
void note_status(std::map<std::string, Declared<T>>& declared, Json const& object) {
    kube::ObjectMeta const meta = kube::meta_of(object);
    auto const found = declared.find(meta.name);
    if (found == declared.end() || found->second.meta.uid != meta.uid ||
        !newer_version(meta.resource_version, found->second.meta.resource_version)) {
        return;
    }
    Json const* status = find(object, "status");
    found->second.status = std::make_shared<Json const>(status == nullptr ? Json() : *status);
    if (found->second.meta.generation == meta.generation) {
        found->second.meta.resource_version = meta.resource_version;
    }
}

void add(std::vector<std::string>& to, std::vector<std::string> const& names) {
    to.insert(to.end(), names.begin(), names.end());
}

}  // namespace

void ClusterView::take_exception(Json const& object, Affected& affected) {
    kube::ObjectMeta meta = kube::meta_of(object);
    std::string const name = meta.name;
    Declared<tenancy::RegistryException>& one = exceptions_[name];
    Json const* const status = find(object, "status");
    bool const only_status =
        one.meta.uid == meta.uid && one.meta.generation == meta.generation && !meta.uid.empty();
    if (only_status) {
        // Our own status write may have been told before the watch's older event.
        if (newer_version(meta.resource_version, one.meta.resource_version)) {
            one.status = std::make_shared<Json const>(status == nullptr ? Json() : *status);
            one.meta = std::move(meta);
        }
        return;
    }
    if (one.in_force) {
        add(affected.namespaces, one.in_force->namespaces);
    }
    one.status = std::make_shared<Json const>(status == nullptr ? Json() : *status);
    one.meta = std::move(meta);
    one.errors.clear();
    one.in_force.reset();
    if (auto parsed = tenancy::RegistryException::parse(object); parsed) {
        one.in_force = std::make_shared<tenancy::RegistryException const>(std::move(*parsed));
        add(affected.namespaces, one.in_force->namespaces);
    } else {
        one.errors = std::move(parsed.error());
    }
    affected.exceptions.push_back(name);
}

void ClusterView::drop_exception(std::string const& name, Affected& affected) {
    auto const found = exceptions_.find(name);
    if (found == exceptions_.end()) {
        return;
    }
    if (found->second.in_force) {
        add(affected.namespaces, found->second.in_force->namespaces);
    }
    // No grace: who deletes an exception wants it gone.
    exceptions_.erase(found);
    affected.exceptions.push_back(name);
}

void ClusterView::settle_exceptions(Affected& affected) {
    if (affected.exceptions.empty()) {
        return;
    }
    rebuild_rules();
    for (std::string const& name : affected.exceptions) {
        if (auto const found = exceptions_.find(name); found != exceptions_.end()) {
            found->second.since = rules_->sequence();
        }
    }
    std::sort(affected.namespaces.begin(), affected.namespaces.end());
    affected.namespaces.erase(std::unique(affected.namespaces.begin(), affected.namespaces.end()),
                              affected.namespaces.end());
}

void ClusterView::replace_exceptions(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        std::set<std::string> seen;
        for (Json const& item : items) {
            seen.insert(kube::meta_of(item).name);
            take_exception(item, affected);
        }
        std::vector<std::string> gone;
        for (auto const& [name, one] : exceptions_) {
            if (!seen.contains(name)) {
                gone.push_back(name);
            }
        }
        for (std::string const& name : gone) {
            drop_exception(name, affected);
        }
        settle_exceptions(affected);
    }
    on_affected_(affected);
}

void ClusterView::upsert_exception(Json const& object) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        take_exception(object, affected);
        settle_exceptions(affected);
    }
    on_affected_(affected);
}

void ClusterView::delete_exception(Json const& object) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        drop_exception(kube::meta_of(object).name, affected);
        settle_exceptions(affected);
    }
    on_affected_(affected);
}

std::optional<Declared<tenancy::RegistryException>> ClusterView::exception(
    std::string const& name) const {
    std::lock_guard const lock(mutex_);
    auto const found = exceptions_.find(name);
    return found == exceptions_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> ClusterView::namespaces_of_exception(std::string const& name) const {
    std::lock_guard const lock(mutex_);
    std::vector<std::string> names;
    auto const found = exceptions_.find(name);
    if (found == exceptions_.end() || !found->second.in_force) {
        return names;
    }
    for (std::string const& ns : found->second.in_force->namespaces) {
        auto const known = namespaces_.find(ns);
        if (known != namespaces_.end() && !known->second.terminating && !settings_.excluded(ns)) {
            names.push_back(ns);
        }
    }
    return names;
}

// --- status ---

void ClusterView::noted_tenancy(Json const& object) {
    std::lock_guard const lock(mutex_);
    note_status(tenancies_, object);
}

void ClusterView::noted_registry(Json const& object) {
    std::lock_guard const lock(mutex_);
    note_status(registries_, object);
}

void ClusterView::noted_exception(Json const& object) {
    std::lock_guard const lock(mutex_);
    note_status(exceptions_, object);
}

std::optional<tenancy::NamespacePolicy> policy_in_force(Gathered const& gathered, WallTime now,
                                                        std::chrono::seconds exception_life_max) {
    if (!gathered.record || gathered.record->terminating || gathered.excluded) {
        return std::nullopt;
    }
    TenancyList governing = gathered.rules->governing(gathered.ns, gathered.record->labels);
    if (governing.empty()) {
        return std::nullopt;
    }
    return tenancy::NamespacePolicy::compile(
        std::move(governing), gathered.rules->baselines(),
        gathered.rules->exceptions(gathered.ns, now, exception_life_max),
        gathered.rules->catalog());
}

}  // namespace rt::op
