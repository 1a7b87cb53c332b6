#include "operator/tenancy/cluster_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/tenancy/names_fixed.hpp"
#include "operator/tenancy/rotation.hpp"

namespace rt::op {
namespace {

void append(std::vector<std::string>& to, std::vector<std::string> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void merge(Affected& to, Affected from) {
    append(to.namespaces, std::move(from.namespaces));
    append(to.tenancies, std::move(from.tenancies));
    append(to.registries, std::move(from.registries));
}

void unique(std::vector<std::string>& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
}

/// A deleted object during its grace yields to every living one: conflicts go to the oldest.
template <class T>
std::shared_ptr<T const> as_youngest(T const& object, Clock& clock) {
    auto copy = std::make_shared<T>(object);
    copy->meta.creation_timestamp = clock.wall_now() + std::chrono::hours(24 * 365);
    return copy;
}

std::shared_ptr<Json const> status_of(Json const& object) {
    Json const* status = find(object, "status");
    return std::make_shared<Json const>(status == nullptr ? Json() : *status);
}

/// Takes the status over, and where nothing but the status differs from what is known, that is all
/// there is to do: true.
template <class T>
bool took_only_status(Declared<T>& one, kube::ObjectMeta const& meta, Json const& object) {
    bool const only_status = one.meta.uid == meta.uid && !one.deleted_at &&
                             one.meta.generation == meta.generation && !meta.uid.empty();
    // Our own status write may have been told before the watch's older event.
    if (!only_status || newer_version(meta.resource_version, one.meta.resource_version)) {
        one.status = status_of(object);
    }
    if (only_status && newer_version(meta.resource_version, one.meta.resource_version)) {
        one.meta = meta;
    }
    return only_status;
}

template <class T>
void append_names(std::map<std::string, Declared<T>> const& declared,
                  std::vector<std::string>& names) {
    for (auto const& [name, one] : declared) {
        if (!one.deleted_at) {
            names.push_back(name);
        }
    }
}

template <class T>
std::vector<std::string> missing_from(std::map<std::string, T> const& known,
                                      std::set<std::string> const& seen) {
    std::vector<std::string> result;
    for (auto const& [name, one] : known) {
        if (!seen.contains(name)) {
            result.push_back(name);
        }
    }
    return result;
}

std::vector<std::string> hosts_of(tenancy::Registry const* registry) {
    std::vector<std::string> hosts;
    if (registry != nullptr) {
        for (tenancy::RegistryHost const& host : registry->hosts) {
            hosts.push_back(host.str());
        }
    }
    return hosts;
}

std::vector<std::string> registries_named_by(tenancy::RegistryTenancy const* one) {
    std::vector<std::string> names;
    if (one != nullptr) {
        for (tenancy::TenancyRegistry const& entry : one->registries) {
            names.push_back(entry.name);
        }
    }
    return names;
}

}  // namespace

ClusterView::ClusterView(tenancy::Settings const& settings, Clock& clock, OnAffected on_affected)
    : settings_(settings), clock_(clock), on_affected_(std::move(on_affected)) {}

void ClusterView::rebuild_rules() {
    TenancyList tenancies;
    std::set<std::string> deleted;
    for (auto const& [name, one] : tenancies_) {
        if (one.in_force) {
            tenancies.push_back(one.in_force);
        }
        if (one.deleted_at) {
            deleted.insert(name);
        }
    }
    std::vector<BrokenTenancy> broken;
    broken.reserve(broken_.size());
    for (auto const& [name, one] : broken_) {
        broken.push_back(one);
    }
    std::vector<std::shared_ptr<tenancy::Registry const>> registries;
    std::set<std::string> broken_registries;
    for (auto const& [name, one] : registries_) {
        if (one.in_force) {
            registries.push_back(one.in_force);
        } else {
            broken_registries.insert(name);
        }
    }
    ExceptionList exceptions;
    for (auto const& [name, one] : exceptions_) {
        if (one.in_force) {
            exceptions.push_back(one.in_force);
        }
    }
    rules_ = std::make_shared<Rules const>(
        std::move(tenancies), std::move(deleted), tenancy::RegistryCatalog(std::move(registries)),
        std::move(broken), std::move(broken_registries), rules_->sequence() + 1, exceptions);
}

// --- RegistryTenancies ---

std::optional<ClusterView::TenancyChange> ClusterView::take_tenancy(Json const& object) {
    kube::ObjectMeta meta = kube::meta_of(object);
    std::string const name = meta.name;
    Declared<tenancy::RegistryTenancy>& one = tenancies_[name];
    // Annotations leave the generation as it is.
    bool const rotated = rotation_value(one.meta) != rotation_value(meta);
    if (took_only_status(one, meta, object) && !rotated) {
        return std::nullopt;
    }
    TenancyChange change{name, one.in_force, nullptr};
    one.meta = std::move(meta);
    one.deleted_at.reset();
    one.errors.clear();
    broken_.erase(name);
    if (auto parsed = tenancy::RegistryTenancy::parse(object); parsed) {
        one.in_force = std::make_shared<tenancy::RegistryTenancy const>(std::move(*parsed));
    } else {
        one.errors = std::move(parsed.error());
        if (!one.in_force) {
            broken_.emplace(name, BrokenTenancy::read(object));
        }
    }
    change.after = one.in_force;
    return change;
}

std::optional<ClusterView::TenancyChange> ClusterView::end_tenancy(std::string const& name) {
    auto const found = tenancies_.find(name);
    if (found == tenancies_.end() || found->second.deleted_at) {
        return std::nullopt;
    }
    TenancyChange change{name, found->second.in_force, nullptr};
    broken_.erase(name);
    if (found->second.in_force) {
        found->second.in_force = as_youngest(*found->second.in_force, clock_);
        found->second.deleted_at = clock_.steady_now();
        found->second.status = std::make_shared<Json const>();
    } else {
        tenancies_.erase(found);
    }
    return change;
}

Affected ClusterView::settle_tenancies(std::vector<TenancyChange> const& changes) {
    Affected affected;
    if (changes.empty()) {
        return affected;
    }
    rebuild_rules();
    for (TenancyChange const& change : changes) {
        if (change.after || broken_.contains(change.name)) {
            tenancies_.at(change.name).since = rules_->sequence();
            affected.tenancies.push_back(change.name);
        }
        append(affected.namespaces,
               namespaces_of_change(change.before.get(), change.after.get(), *rules_, namespaces_));
        append(affected.registries, registries_named_by(change.before.get()));
        append(affected.registries, registries_named_by(change.after.get()));
    }
    unique(affected.namespaces);
    unique(affected.registries);
    return affected;
}

void ClusterView::upsert_tenancy(Json const& object) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        if (auto change = take_tenancy(object)) {
            affected = settle_tenancies({std::move(*change)});
        }
    }
    on_affected_(affected);
}

void ClusterView::delete_tenancy(Json const& object) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        if (auto change = end_tenancy(kube::meta_of(object).name)) {
            affected = settle_tenancies({std::move(*change)});
        }
    }
    on_affected_(affected);
}

void ClusterView::replace_tenancies(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        std::vector<TenancyChange> changes;
        std::set<std::string> seen;
        for (Json const& item : items) {
            seen.insert(kube::meta_of(item).name);
            if (auto change = take_tenancy(item)) {
                changes.push_back(std::move(*change));
            }
        }
        for (std::string const& name : missing_from(tenancies_, seen)) {
            if (auto change = end_tenancy(name)) {
                changes.push_back(std::move(*change));
            }
        }
        affected = settle_tenancies(changes);
    }
    on_affected_(affected);
}

// --- Registries ---

Affected ClusterView::put_registry(Json const& object) {
    kube::ObjectMeta meta = kube::meta_of(object);
    std::string const name = meta.name;
    Declared<tenancy::Registry>& one = registries_[name];
    if (took_only_status(one, meta, object)) {
        return {};
    }
    std::vector<std::string> hosts = hosts_of(one.in_force.get());
    one.meta = std::move(meta);
    one.deleted_at.reset();
    one.errors.clear();
    if (auto parsed = tenancy::Registry::parse(object); parsed) {
        one.in_force = std::make_shared<tenancy::Registry const>(std::move(*parsed));
    } else {
        one.errors = std::move(parsed.error());
    }
    append(hosts, hosts_of(one.in_force.get()));
    rebuild_rules();
    Affected affected;
    affected.registries = {name};
    // A host may have passed from or to another Registry.
    for (auto const& [other_name, other] : registries_) {
        std::vector<std::string> const others = hosts_of(other.in_force.get());
        bool const shares = std::any_of(others.begin(), others.end(), [&](std::string const& host) {
            return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
        });
        if (other_name == name || shares) {
            affected.registries.push_back(other_name);
            append(affected.namespaces, namespaces_of_registry(other_name, *rules_, namespaces_));
        }
    }
    return affected;
}

Affected ClusterView::drop_registry(std::string const& name) {
    auto const found = registries_.find(name);
    if (found == registries_.end() || found->second.deleted_at) {
        return {};
    }
    Affected affected;
    affected.namespaces = namespaces_of_registry(name, *rules_, namespaces_);
    append_names(registries_, affected.registries);
    if (found->second.in_force) {
        found->second.in_force = as_youngest(*found->second.in_force, clock_);
        found->second.deleted_at = clock_.steady_now();
        found->second.status = std::make_shared<Json const>();
    } else {
        registries_.erase(found);
    }
    rebuild_rules();
    return affected;
}

void ClusterView::upsert_registry(Json const& object) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        affected = put_registry(object);
    }
    on_affected_(affected);
}

void ClusterView::delete_registry(Json const& object) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        affected = drop_registry(kube::meta_of(object).name);
    }
    on_affected_(affected);
}

void ClusterView::replace_registries(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        std::set<std::string> seen;
        for (Json const& item : items) {
            seen.insert(kube::meta_of(item).name);
            merge(affected, put_registry(item));
        }
        for (std::string const& name : missing_from(registries_, seen)) {
            merge(affected, drop_registry(name));
        }
    }
    on_affected_(affected);
}

// --- the end of a grace ---

std::optional<std::chrono::nanoseconds> ClusterView::end_graces() {
    Affected affected;
    std::optional<std::chrono::nanoseconds> next;
    {
        std::lock_guard const lock(mutex_);
        SteadyTime const now = clock_.steady_now();
        bool changed = false;
        auto const over = [&](std::optional<SteadyTime> const& deleted_at) {
            if (!deleted_at) {
                return false;
            }
            auto const left = *deleted_at + settings_.grace - now;
            if (left > std::chrono::nanoseconds::zero()) {
                next = next ? std::min(*next, left) : left;
                return false;
            }
            changed = true;
            return true;
        };
        for (auto it = tenancies_.begin(); it != tenancies_.end();) {
            if (over(it->second.deleted_at)) {
                append(affected.namespaces, namespaces_of_change(it->second.in_force.get(), nullptr,
                                                                 *rules_, namespaces_));
                it = tenancies_.erase(it);
            } else {
                ++it;
            }
        }
        for (auto it = registries_.begin(); it != registries_.end();) {
            if (over(it->second.deleted_at)) {
                append(affected.namespaces,
                       namespaces_of_registry(it->first, *rules_, namespaces_));
                it = registries_.erase(it);
            } else {
                ++it;
            }
        }
        if (changed) {
            rebuild_rules();
        }
    }
    unique(affected.namespaces);
    on_affected_(affected);
    return next;
}

// --- questions ---

Gathered ClusterView::gather(std::string const& ns) const {
    Gathered result;
    result.ns = ns;
    result.excluded = settings_.excluded(ns);
    std::lock_guard const lock(mutex_);
    result.rules = rules_;
    if (auto const found = namespaces_.find(ns); found != namespaces_.end()) {
        result.record = found->second;
    }
    if (auto const found = secrets_.find(ns); found != secrets_.end()) {
        result.secret = found->second;
    }
    if (auto const found = grants_.find(ns); found != grants_.end()) {
        result.grant = found->second;
    }
    result.source_versions = source_versions_;
    return result;
}

std::shared_ptr<Rules const> ClusterView::rules() const {
    std::lock_guard const lock(mutex_);
    return rules_;
}

std::optional<Declared<tenancy::RegistryTenancy>> ClusterView::tenancy(
    std::string const& name) const {
    std::lock_guard const lock(mutex_);
    auto const found = tenancies_.find(name);
    return found == tenancies_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Declared<tenancy::Registry>> ClusterView::registry(std::string const& name) const {
    std::lock_guard const lock(mutex_);
    auto const found = registries_.find(name);
    return found == registries_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> ClusterView::namespaces_of(std::string const& name) const {
    std::lock_guard const lock(mutex_);
    auto const found = tenancies_.find(name);
    if (found == tenancies_.end() || !found->second.in_force || found->second.in_force->baseline) {
        return {};
    }
    std::vector<std::string> names =
        namespaces_of_change(nullptr, found->second.in_force.get(), *rules_, namespaces_);
    std::erase_if(names, [&](std::string const& ns) {
        return settings_.excluded(ns) || namespaces_.at(ns).terminating;
    });
    return names;
}

Affected ClusterView::everything() const {
    std::lock_guard const lock(mutex_);
    Affected affected;
    affected.namespaces = governed_namespaces(*rules_, namespaces_);
    for (auto const& [ns, record] : secrets_) {
        affected.namespaces.push_back(ns);
    }
    for (auto const& [ns, record] : grants_) {
        affected.namespaces.push_back(ns);
    }
    for (auto const& [name, one] : exceptions_) {
        if (one.in_force) {
            append(affected.namespaces, one.in_force->namespaces);
        }
    }
    unique(affected.namespaces);
    most_urgent_first(affected.namespaces, secrets_);
    append_names(tenancies_, affected.tenancies);
    append_names(registries_, affected.registries);
    append_names(exceptions_, affected.exceptions);
    return affected;
}

ClusterView::Expiry ClusterView::expiry(WallTime now) const {
    std::lock_guard const lock(mutex_);
    Expiry result;
    for (auto const& [ns, secret] : secrets_) {
        for (CredentialRecord const& credential : secret.credentials) {
            ++result.credentials;
            if (credential.expired(now)) {
                ++result.expired;
            } else if (credential.expires_at) {
                WallTime const end = *credential.expires_at;
                result.nearest = result.nearest ? std::min(*result.nearest, end) : end;
                WallTime& of_registry =
                    result.nearest_of.try_emplace(credential.registry, end).first->second;
                of_registry = std::min(of_registry, end);
            }
        }
    }
    return result;
}

}  // namespace rt::op
