#include "lib/kube/runtime/initial_list.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace rt::kube {

InitialList::InitialList() = default;
InitialList::~InitialList() = default;

void InitialList::upsert(Json object) {
    auto const [place, is_new] = places_.try_emplace(key_of(object), items_.size());
    if (is_new) {
        items_.push_back(std::move(object));
    } else {
        items_[place->second] = std::move(object);
    }
}

void InitialList::erase(ObjectKey const& key) {
    auto const place = places_.find(key);
    if (place == places_.end()) {
        return;
    }
    // The last one takes the place that becomes free.
    std::size_t const free = place->second;
    places_.erase(place);
    if (free + 1 != items_.size()) {
        items_[free] = std::move(items_.back());
        places_[key_of(items_[free])] = free;
    }
    items_.pop_back();
}

void InitialList::clear() {
    items_.clear();
    places_.clear();
}

std::vector<Json> InitialList::take() {
    places_.clear();
    return std::exchange(items_, {});
}

}  // namespace rt::kube
