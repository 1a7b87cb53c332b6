// The part of ClusterView that keeps namespaces, pull Secrets, grants and source Secrets.
#include <nlohmann/json.hpp>
#include <set>

#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {
namespace {

/// Takes `record` unless what is known is newer (our own write, told before the watch's event
/// came).
template <class Record>
bool put(std::unordered_map<std::string, Record>& records, std::string const& ns, Record record) {
    auto const [found, inserted] = records.try_emplace(ns, record);
    if (inserted) {
        return true;
    }
    if (found->second == record ||
        !newer_version(record.resource_version, found->second.resource_version)) {
        return false;
    }
    found->second = std::move(record);
    return true;
}

/// Drops the record unless it is newer than the deletion (which has a version of its own).
template <class Record>
bool drop(std::unordered_map<std::string, Record>& records, Json const& object) {
    kube::ObjectMeta const meta = kube::meta_of(object);
    auto const found = records.find(meta.ns);
    if (found == records.end() ||
        (found->second.uid != meta.uid &&
         !newer_version(meta.resource_version, found->second.resource_version))) {
        return false;
    }
    records.erase(found);
    return true;
}

/// Replaces all; what is missing from the list goes. Should our own write have come after the list
/// was taken, the reconciler's second read finds it.
template <class Record, class Read>
std::vector<std::string> replace(std::unordered_map<std::string, Record>& records,
                                 std::vector<Json> const& items, Read const& read) {
    std::vector<std::string> changed;
    std::set<std::string> seen;
    for (Json const& item : items) {
        std::string const ns = kube::meta_of(item).ns;
        seen.insert(ns);
        if (put(records, ns, read(item))) {
            changed.push_back(ns);
        }
    }
    for (auto it = records.begin(); it != records.end();) {
        if (seen.contains(it->first)) {
            ++it;
        } else {
            changed.push_back(it->first);
            it = records.erase(it);
        }
    }
    return changed;
}

}  // namespace

// --- namespaces ---

void ClusterView::replace_namespaces(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        NamespaceMap fresh;
        for (Json const& item : items) {
            fresh.insert_or_assign(kube::meta_of(item).name, read_namespace_record(item));
        }
        for (auto const& [name, record] : fresh) {
            auto const known = namespaces_.find(name);
            if (known == namespaces_.end() || !(known->second == record)) {
                affected.namespaces.push_back(name);
            }
        }
        for (auto const& [name, record] : namespaces_) {
            if (!fresh.contains(name)) {
                affected.namespaces.push_back(name);
            }
        }
        namespaces_ = std::move(fresh);
    }
    on_affected_(affected);
}

void ClusterView::upsert_namespace(Json const& object) {
    std::string const name = kube::meta_of(object).name;
    NamespaceRecord record = read_namespace_record(object);
    {
        std::lock_guard const lock(mutex_);
        NamespaceRecord& known = namespaces_[name];
        if (known == record) {
            return;
        }
        known = std::move(record);
    }
    on_affected_({{name}, {}, {}});
}

void ClusterView::delete_namespace(Json const& object) {
    std::string const name = kube::meta_of(object).name;
    {
        std::lock_guard const lock(mutex_);
        namespaces_.erase(name);
    }
    on_affected_({{name}, {}, {}});
}

// --- pull Secrets ---

void ClusterView::replace_secrets(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        affected.namespaces = replace(secrets_, items, read_secret_record);
    }
    on_affected_(affected);
}

void ClusterView::upsert_secret(Json const& object) {
    std::string const ns = kube::meta_of(object).ns;
    SecretRecord record = read_secret_record(object);
    {
        std::lock_guard const lock(mutex_);
        if (!put(secrets_, ns, std::move(record))) {
            return;
        }
    }
    on_affected_({{ns}, {}, {}});
}

void ClusterView::delete_secret(Json const& object) {
    {
        std::lock_guard const lock(mutex_);
        if (!drop(secrets_, object)) {
            return;
        }
    }
    on_affected_({{kube::meta_of(object).ns}, {}, {}});
}

void ClusterView::noted_secret(std::string const& ns, Json const& object) {
    SecretRecord record = read_secret_record(object);
    std::lock_guard const lock(mutex_);
    put(secrets_, ns, std::move(record));
}

void ClusterView::noted_secret_gone(std::string const& ns, std::string const& uid) {
    std::lock_guard const lock(mutex_);
    auto const found = secrets_.find(ns);
    if (found != secrets_.end() && found->second.uid == uid) {
        secrets_.erase(found);
    }
}

// --- grants ---

void ClusterView::replace_grants(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        affected.namespaces = replace(grants_, items, read_grant_record);
    }
    on_affected_(affected);
}

void ClusterView::upsert_grant(Json const& object) {
    std::string const ns = kube::meta_of(object).ns;
    GrantRecord record = read_grant_record(object);
    {
        std::lock_guard const lock(mutex_);
        if (!put(grants_, ns, std::move(record))) {
            return;
        }
    }
    on_affected_({{ns}, {}, {}});
}

void ClusterView::delete_grant(Json const& object) {
    {
        std::lock_guard const lock(mutex_);
        if (!drop(grants_, object)) {
            return;
        }
    }
    on_affected_({{kube::meta_of(object).ns}, {}, {}});
}

void ClusterView::noted_grant(std::string const& ns, Json const& object) {
    GrantRecord record = read_grant_record(object);
    std::lock_guard const lock(mutex_);
    put(grants_, ns, std::move(record));
}

void ClusterView::noted_grant_gone(std::string const& ns, std::string const& uid) {
    std::lock_guard const lock(mutex_);
    auto const found = grants_.find(ns);
    if (found != grants_.end() && found->second.uid == uid) {
        grants_.erase(found);
    }
}

// --- Secrets of our own namespace that Registries take their identity from ---

void ClusterView::replace_source_secrets(std::vector<Json> const& items) {
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        std::map<std::string, std::string> fresh;
        for (Json const& item : items) {
            kube::ObjectMeta const meta = kube::meta_of(item);
            fresh.insert_or_assign(meta.name, meta.resource_version);
        }
        source_versions_.swap(fresh);
        for (auto const& [name, version] : source_versions_) {
            if (auto const before = fresh.find(name);
                before != fresh.end() && before->second == version) {
                continue;
            }
            for (std::string const& registry : registries_of_source_secret(name, *rules_)) {
                for (std::string& ns : namespaces_of_registry(registry, *rules_, namespaces_)) {
                    affected.namespaces.push_back(std::move(ns));
                }
            }
        }
    }
    on_affected_(affected);
}

void ClusterView::upsert_source_secret(Json const& object) {
    kube::ObjectMeta const meta = kube::meta_of(object);
    Affected affected;
    {
        std::lock_guard const lock(mutex_);
        std::string& version = source_versions_[meta.name];
        if (version == meta.resource_version) {
            return;
        }
        version = meta.resource_version;
        for (std::string const& registry : registries_of_source_secret(meta.name, *rules_)) {
            for (std::string& ns : namespaces_of_registry(registry, *rules_, namespaces_)) {
                affected.namespaces.push_back(std::move(ns));
            }
        }
    }
    on_affected_(affected);
}

void ClusterView::delete_source_secret(Json const& object) {
    // What was minted from it lives on; minting from nothing would fail.
    std::lock_guard const lock(mutex_);
    source_versions_.erase(kube::meta_of(object).name);
}

std::vector<HeldCredential> ClusterView::held_credentials() const {
    std::lock_guard const lock(mutex_);
    std::vector<HeldCredential> held;
    for (auto const& [ns, secret] : secrets_) {
        for (CredentialRecord const& credential : secret.credentials) {
            held.push_back({ns, credential.registry, credential.issued_at});
        }
    }
    return held;
}

}  // namespace rt::op
