#include "lib/tenancy/policy.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace rt::tenancy {
namespace {

using Tenancies = std::vector<std::shared_ptr<RegistryTenancy const>>;

void sort_oldest_first(Tenancies& tenancies) {
    std::sort(tenancies.begin(), tenancies.end(),
              [](auto const& left, auto const& right) { return older(left->meta, right->meta); });
}

/// Entries of one registry while they are collected, in the order in which they are kept.
using AllowMap = std::map<std::pair<AllowEntry::Kind, std::string>, EffectiveAllow>;

void add_allow(AllowMap& collected, AllowEntry const& entry, std::string const& tenancy) {
    auto const [found, is_new] = collected.try_emplace(std::pair(entry.kind, entry.path));
    EffectiveAllow& effective = found->second;
    if (is_new) {
        effective.entry = entry;
    } else if (entry.deprecated.empty()) {
        // One source that allows it without reserve is enough.
        effective.entry.deprecated.clear();
    }
    effective.tenancies.push_back(tenancy);
}

using Exceptions = std::vector<ActiveException>;

/// The order in which NamespacePolicy::judge searches.
void sort_for_search(std::vector<EffectiveException>& exceptions) {
    std::sort(exceptions.begin(), exceptions.end(),
              [](EffectiveException const& a, EffectiveException const& b) {
                  return std::tie(a.entry.kind, a.entry.path, a.digest, b.ends_at, a.name) <
                         std::tie(b.entry.kind, b.entry.path, b.digest, a.ends_at, b.name);
              });
}

EffectiveException effective(ExceptionImage const& image, ActiveException const& active) {
    return {image.entry, image.digest, active.exception->meta.name, active.ends_at};
}

std::vector<EffectiveHost> unite_hosts(Exceptions const& exceptions) {
    std::map<std::string, EffectiveHost> by_host;
    for (auto const& active : exceptions) {
        for (auto const& image : active.exception->images) {
            if (!image.host.empty()) {
                by_host[image.host].allow.push_back(effective(image, active));
            }
        }
    }
    std::vector<EffectiveHost> hosts;
    for (auto& [host, one] : by_host) {
        one.host = host;
        sort_for_search(one.allow);
        hosts.push_back(std::move(one));
    }
    return hosts;
}

std::vector<EffectiveRegistry> unite(Tenancies const& sources, Exceptions const& exceptions,
                                     RegistryCatalog const& catalog) {
    std::map<std::string, AllowMap> by_registry;
    for (auto const& tenancy : sources) {
        for (auto const& registry : tenancy->registries) {
            AllowMap& collected = by_registry[registry.name];
            for (auto const& entry : registry.allow) {
                add_allow(collected, entry, tenancy->meta.name);
            }
        }
    }
    std::map<std::string, std::vector<EffectiveException>> opened;
    for (auto const& active : exceptions) {
        for (auto const& image : active.exception->images) {
            if (!image.registry.empty()) {
                opened[image.registry].push_back(effective(image, active));
                by_registry.try_emplace(image.registry);
            }
        }
    }
    std::vector<EffectiveRegistry> registries;
    for (auto& [name, collected] : by_registry) {
        EffectiveRegistry effective;
        effective.name = name;
        if (Registry const* const registry = catalog.by_name(name)) {
            effective.exists = true;
            effective.hosts = catalog.hosts_of(*registry);
            effective.has_credentials = registry->has_credentials();
        }
        for (auto& [key, allow] : collected) {
            auto& names = allow.tenancies;
            std::sort(names.begin(), names.end());
            names.erase(std::unique(names.begin(), names.end()), names.end());
            effective.allow.push_back(std::move(allow));
        }
        effective.exceptions = std::move(opened[name]);
        sort_for_search(effective.exceptions);
        registries.push_back(std::move(effective));
    }
    return registries;
}

/// What all of them allow: Any only where none lists.
PullSecretsPolicy intersect(Tenancies const& governing) {
    PullSecretsPolicy result;
    for (auto const& tenancy : governing) {
        PullSecretsPolicy const& one = tenancy->pull_secrets;
        if (!one.listed) {
            continue;
        }
        if (!result.listed) {
            result = one;
            std::sort(result.allowed.begin(), result.allowed.end());
            continue;
        }
        std::vector<std::string> both;
        auto other = one.allowed;
        std::sort(other.begin(), other.end());
        std::set_intersection(result.allowed.begin(), result.allowed.end(), other.begin(),
                              other.end(), std::back_inserter(both));
        result.allowed = std::move(both);
    }
    return result;
}

}  // namespace

NamespacePolicy NamespacePolicy::compile(
    std::vector<std::shared_ptr<RegistryTenancy const>> governing,
    std::vector<std::shared_ptr<RegistryTenancy const>> baselines,
    std::vector<ActiveException> exceptions, RegistryCatalog const& catalog) {
    sort_oldest_first(governing);
    sort_oldest_first(baselines);
    std::sort(exceptions.begin(), exceptions.end(), [](auto const& left, auto const& right) {
        return older(left.exception->meta, right.exception->meta);
    });
    NamespacePolicy policy;
    if (!governing.empty()) {
        policy.enforcement_ = Enforcement::Audit;
    }
    for (auto const& tenancy : governing) {
        policy.tenancies_.push_back(tenancy->meta.name);
        policy.enforcement_ = std::max(policy.enforcement_, tenancy->enforcement);
        policy.pull_always_ = policy.pull_always_ || tenancy->pull_always;
    }
    std::sort(policy.tenancies_.begin(), policy.tenancies_.end());
    policy.pull_secrets_ = intersect(governing);
    policy.sources_ = std::move(governing);
    policy.sources_.insert(policy.sources_.end(), baselines.begin(), baselines.end());
    for (auto const& tenancy : policy.sources_) {
        if (policy.contact_.empty()) {
            policy.contact_ = tenancy->contact;
        }
        if (policy.docs_url_.empty()) {
            policy.docs_url_ = tenancy->docs_url;
        }
    }
    policy.registries_ = unite(policy.sources_, exceptions, catalog);
    policy.exception_hosts_ = unite_hosts(exceptions);
    policy.exceptions_ = std::move(exceptions);
    for (std::size_t i = 0; i < policy.registries_.size(); ++i) {
        EffectiveRegistry const& registry = policy.registries_[i];
        policy.wants_pull_secret_ =
            policy.wants_pull_secret_ || (registry.has_credentials && !registry.allow.empty());
        for (auto const& host : registry.hosts) {
            policy.by_host_.emplace(host, i);
        }
    }
    return policy;
}

}  // namespace rt::tenancy
