#include "operator/tenancy/enqueue.hpp"

#include <algorithm>
#include <set>

namespace rt::op {
namespace {

void add_governed_by(tenancy::RegistryTenancy const& one, NamespaceMap const& namespaces,
                     std::set<std::string>& result) {
    for (std::string const& name : one.namespaces) {
        if (namespaces.contains(name)) {
            result.insert(name);
        }
    }
    if (!one.namespace_selector) {
        return;
    }
    for (auto const& [name, record] : namespaces) {
        if (one.governs(name, record.labels)) {
            result.insert(name);
        }
    }
}

void add_all_governed(Rules const& rules, NamespaceMap const& namespaces,
                      std::set<std::string>& result) {
    for (auto const& [name, record] : namespaces) {
        if (!rules.governing(name, record.labels).empty()) {
            result.insert(name);
        }
    }
}

std::vector<std::string> to_vector(std::set<std::string> const& names) {
    return {names.begin(), names.end()};
}

}  // namespace

std::vector<std::string> namespaces_of_change(tenancy::RegistryTenancy const* before,
                                              tenancy::RegistryTenancy const* after,
                                              Rules const& rules, NamespaceMap const& namespaces) {
    std::set<std::string> result;
    for (tenancy::RegistryTenancy const* one : {before, after}) {
        if (one == nullptr) {
            continue;
        }
        if (one->baseline) {
            add_all_governed(rules, namespaces, result);
        } else {
            add_governed_by(*one, namespaces, result);
        }
    }
    return to_vector(result);
}

std::vector<std::string> namespaces_of_registry(std::string_view registry, Rules const& rules,
                                                NamespaceMap const& namespaces) {
    std::set<std::string> result;
    for (TenancyPointer const& one : rules.tenancies()) {
        bool const names_it = std::any_of(
            one->registries.begin(), one->registries.end(),
            [&](tenancy::TenancyRegistry const& entry) { return entry.name == registry; });
        if (!names_it) {
            continue;
        }
        if (one->baseline) {
            add_all_governed(rules, namespaces, result);
        } else {
            add_governed_by(*one, namespaces, result);
        }
    }
    return to_vector(result);
}

std::string source_secret_of(tenancy::Registry const& registry) {
    if (tenancy::Identity const* const identity = registry.identity(); identity != nullptr) {
        return identity->secret_name;
    }
    return registry.docker_config_secret ? registry.docker_config_secret->secret_name
                                         : std::string();
}

std::vector<std::string> registries_of_source_secret(std::string_view secret, Rules const& rules) {
    std::set<std::string> result;
    for (TenancyPointer const& one : rules.tenancies()) {
        for (tenancy::TenancyRegistry const& entry : one->registries) {
            tenancy::Registry const* registry = rules.catalog().by_name(entry.name);
            if (registry != nullptr && source_secret_of(*registry) == secret) {
                result.insert(entry.name);
            }
        }
    }
    return to_vector(result);
}

std::vector<std::string> governed_namespaces(Rules const& rules, NamespaceMap const& namespaces) {
    std::set<std::string> result;
    add_all_governed(rules, namespaces, result);
    return to_vector(result);
}

void most_urgent_first(std::vector<std::string>& namespaces,
                       std::unordered_map<std::string, SecretRecord> const& secrets) {
    std::vector<std::pair<WallTime, std::string>> order;
    order.reserve(namespaces.size());
    for (std::string& ns : namespaces) {
        auto const secret = secrets.find(ns);
        WallTime end = WallTime::min();
        if (secret != secrets.end() && !secret->second.credentials.empty()) {
            end = WallTime::max();
            for (CredentialRecord const& credential : secret->second.credentials) {
                end = std::min(end, credential.expires_at.value_or(WallTime::max()));
            }
        }
        order.emplace_back(end, std::move(ns));
    }
    std::sort(order.begin(), order.end());
    std::transform(order.begin(), order.end(), namespaces.begin(),
                   [](auto& one) { return std::move(one.second); });
}

}  // namespace rt::op
