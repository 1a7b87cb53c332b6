#include <algorithm>
#include <utility>

#include "lib/tenancy/policy.hpp"

namespace rt::tenancy {

bool older(kube::ObjectMeta const& left, kube::ObjectMeta const& right) {
    auto const rank = [](kube::ObjectMeta const& meta) {
        return meta.creation_timestamp.value_or(WallTime::max());
    };
    return std::pair(rank(left), std::string_view(left.name)) <
           std::pair(rank(right), std::string_view(right.name));
}

RegistryCatalog::RegistryCatalog(std::vector<std::shared_ptr<Registry const>> registries) {
    std::sort(registries.begin(), registries.end(),
              [](auto const& left, auto const& right) { return older(left->meta, right->meta); });
    for (auto const& registry : registries) {
        by_name_.emplace(registry->meta.name, registry);
        for (auto const& host : registry->hosts) {
            auto const [owner, won] = by_host_.emplace(host.str(), registry.get());
            if (!won && owner->second != registry.get()) {
                conflicts_.push_back({host.str(), owner->second->meta.name, registry->meta.name});
            }
        }
    }
}

Registry const* RegistryCatalog::by_name(std::string_view name) const {
    auto const found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second.get();
}

std::shared_ptr<Registry const> RegistryCatalog::shared_by_name(std::string_view name) const {
    auto const found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Registry const>> RegistryCatalog::all() const {
    std::vector<std::shared_ptr<Registry const>> registries;
    registries.reserve(by_name_.size());
    for (auto const& [name, registry] : by_name_) {
        registries.push_back(registry);
    }
    return registries;
}

Registry const* RegistryCatalog::by_host(std::string_view host) const {
    auto const found = by_host_.find(host);
    return found == by_host_.end() ? nullptr : found->second;
}

std::vector<std::string> RegistryCatalog::hosts_of(Registry const& registry) const {
    std::vector<std::string> hosts;
    for (auto const& host : registry.hosts) {
        Registry const* const owner = by_host(host.str());
        if (owner != nullptr && owner->meta.name == registry.meta.name) {
            hosts.push_back(host.str());
        }
    }
    std::sort(hosts.begin(), hosts.end());
    hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
    return hosts;
}

}  // namespace rt::tenancy
