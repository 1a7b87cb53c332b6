#include "webhook/tenancy_index.hpp"

#include <algorithm>
#include <functional>

namespace rt::webhook {

std::size_t TenancyIndex::shard_of(std::string_view ns) {
    return std::hash<std::string_view>{}(ns) % shards_count;
}

NamespaceRules const* TenancyIndex::find(std::string_view ns) const {
    auto const& shard = shards_[shard_of(ns)];
    if (!shard) {
        return nullptr;
    }
    auto const found =
        std::lower_bound(shard->begin(), shard->end(), ns,
                         [](Entry const& entry, std::string_view name) { return entry.ns < name; });
    return found != shard->end() && found->ns == ns ? &found->rules : nullptr;
}

}  // namespace rt::webhook
