#include "webhook/index_builder.hpp"

#include <algorithm>

// The part of IndexBuilder that compiles policies and publishes snapshots.

namespace rt::webhook {

IndexBuilder::Policy IndexBuilder::policy_for(PolicyKey const& key) {
    auto const found = policies_.find(key);
    if (found != policies_.end()) {
        return found->second;
    }
    std::vector<std::shared_ptr<tenancy::RegistryTenancy const>> governing;
    for (std::string const& name : key.tenancies) {
        governing.push_back(tenancies_.at(name).good);
    }
    std::vector<std::shared_ptr<tenancy::RegistryTenancy const>> baselines;
    if (!governing.empty()) {  // a baseline governs no namespace by itself
        for (std::string const& name : baselines_) {
            baselines.push_back(tenancies_.at(name).good);
        }
    }
    std::vector<tenancy::ActiveException> exceptions;
    for (std::string const& name : key.exceptions) {
        ExceptionState const& state = exceptions_.at(name);
        exceptions.push_back({state.good, state.ends_at});
    }
    auto policy =
        std::make_shared<tenancy::NamespacePolicy const>(tenancy::NamespacePolicy::compile(
            std::move(governing), std::move(baselines), std::move(exceptions), *next_.catalog_));
    policies_.emplace(key, policy);
    return policy;
}

NamespaceRules IndexBuilder::rules_of(std::string const& ns, NamespaceState const& state) {
    NamespaceRules rules;
    PolicyKey key;
    Names& governing = key.tenancies;
    for (std::string const& name : state.members) {
        TenancyState const& tenancy = tenancies_.at(name);
        if (tenancy.good && (tenancy.readable || tenancy.good->governs(ns, *state.labels))) {
            governing.push_back(name);
        } else {
            rules.unreadable = std::make_shared<std::string const>(name);
        }
    }
    for (Leaving const& leaving : state.leaving) {
        auto const found = tenancies_.find(leaving.tenancy);
        if (found != tenancies_.end() && found->second.good) {
            governing.push_back(leaving.tenancy);
        }
    }
    std::sort(governing.begin(), governing.end());
    if (auto const found = exceptions_of_.find(ns); found != exceptions_of_.end()) {
        key.exceptions.assign(found->second.begin(), found->second.end());
    }
    if (!governing.empty()) {
        rules.policy = policy_for(key);
    } else if (!key.exceptions.empty()) {
        rules.exceptions = policy_for(key);
    }
    return rules;
}

void IndexBuilder::publish(std::vector<std::string> const& changed) {
    std::map<std::size_t, std::vector<std::string const*>> by_shard;
    for (std::string const& ns : changed) {
        by_shard[TenancyIndex::shard_of(ns)].push_back(&ns);
    }
    for (auto const& [number, names] : by_shard) {
        auto& place = next_.shards_[number];
        auto shard = std::make_shared<TenancyIndex::Shard>(place ? *place : TenancyIndex::Shard{});
        for (std::string const* const ns : names) {
            std::erase_if(*shard, [&](auto const& entry) { return entry.ns == *ns; });
            if (auto const found = namespaces_.find(*ns); found != namespaces_.end()) {
                shard->push_back({*ns, rules_of(*ns, found->second), found->second.labels});
            }
        }
        std::sort(shard->begin(), shard->end(),
                  [](auto const& a, auto const& b) { return a.ns < b.ns; });
        place = std::move(shard);
    }
    finish_publication();
}

void IndexBuilder::publish_all() {
    std::array<std::shared_ptr<TenancyIndex::Shard>, TenancyIndex::shards_count> shards;
    for (auto const& [ns, state] : namespaces_) {
        auto& shard = shards[TenancyIndex::shard_of(ns)];
        if (!shard) {
            shard = std::make_shared<TenancyIndex::Shard>();
        }
        shard->push_back({ns, rules_of(ns, state), state.labels});
    }
    for (std::size_t i = 0; i < shards.size(); ++i) {
        if (shards[i]) {
            std::sort(shards[i]->begin(), shards[i]->end(),
                      [](auto const& a, auto const& b) { return a.ns < b.ns; });
        }
        next_.shards_[i] = std::move(shards[i]);
    }
    finish_publication();
    // Policies that neither an entry nor a reader of an older version holds any more.
    std::erase_if(policies_, [](auto const& entry) { return entry.second.use_count() == 1; });
}

void IndexBuilder::finish_publication() {
    if (tenancies_changed_) {
        auto tenancies = std::make_shared<TenancyIndex::Tenancies>();
        for (auto const& [name, state] : tenancies_) {
            if (state.good && !state.gone_after) {
                tenancies->push_back(state.good);
            }
        }
        next_.tenancies_ = std::move(tenancies);
        tenancies_changed_ = false;
    }
    next_.namespaces_ = namespaces_.size();
    published_.store(std::make_shared<TenancyIndex const>(next_));
}

}  // namespace rt::webhook
