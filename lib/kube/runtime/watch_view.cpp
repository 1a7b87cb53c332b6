#include "lib/kube/runtime/watch_view.hpp"

#include <nlohmann/json.hpp>

#include "lib/kube/core/resource_version.hpp"

namespace rt::kube {
namespace {

/// `here` can be right although the LIST said `there`: it is the same, or a later one.
bool not_older(std::string const& here, std::string const& there) {
    if (at_least_resource_version(here, there)) {
        return true;
    }
    // Versions without an order: a difference after a change says nothing.
    return !compare_resource_versions(here, there).has_value();
}

}  // namespace

Version WatchView::version_of(Json const& object) {
    Json const* const metadata = find(object, "metadata");
    if (metadata == nullptr) {
        return {};
    }
    return {std::hash<std::string>{}(string_at(*metadata, "uid")),
            string_at(*metadata, "resourceVersion")};
}

void WatchView::replace(std::vector<Json> const& items, std::string const& resource_version) {
    Listing fresh;
    fresh.reserve(items.size());
    for (Json const& item : items) {
        fresh.insert_or_assign(key_of(item), version_of(item));
    }
    std::lock_guard const lock(mutex_);
    known_.swap(fresh);
    resource_version_ = resource_version;
    ++replacements_;
}

void WatchView::upsert(Json const& object) {
    ObjectKey const key = key_of(object);
    Version version = version_of(object);
    std::lock_guard const lock(mutex_);
    saw(version.resource_version);
    if (proving_) {
        touched_.insert_or_assign(key, version.resource_version);
    }
    known_.insert_or_assign(key, std::move(version));
}

void WatchView::erase(Json const& object) {
    ObjectKey const key = key_of(object);
    std::string const resource_version = version_of(object).resource_version;
    std::lock_guard const lock(mutex_);
    saw(resource_version);
    if (proving_) {
        touched_.insert_or_assign(key, resource_version);
    }
    known_.erase(key);
}

void WatchView::advance(std::string const& resource_version) {
    std::lock_guard const lock(mutex_);
    saw(resource_version);
}

std::string WatchView::resource_version() const {
    std::lock_guard const lock(mutex_);
    return resource_version_;
}

std::size_t WatchView::size() const {
    std::lock_guard const lock(mutex_);
    return known_.size();
}

std::uint64_t WatchView::replacements() const {
    std::lock_guard const lock(mutex_);
    return replacements_;
}

void WatchView::begin_proof() {
    std::lock_guard const lock(mutex_);
    touched_.clear();
    proving_ = true;
}

void WatchView::end_proof() {
    std::lock_guard const lock(mutex_);
    touched_.clear();
    proving_ = false;
}

std::optional<std::string> WatchView::disagreement(Listing const& listed,
                                                   std::string const& listed_at) const {
    std::lock_guard const lock(mutex_);
    for (auto const& [key, there] : listed) {
        auto const here = known_.find(key);
        auto const touched = touched_.find(key);
        bool const changed_since = touched != touched_.end();
        if (here == known_.end()) {
            if (!changed_since || !not_older(touched->second, there.resource_version)) {
                return "the watch missed the creation of " + key.str();
            }
            continue;
        }
        bool const newer =
            here->second.resource_version != there.resource_version &&
            (at_least_resource_version(here->second.resource_version, there.resource_version) ||
             (changed_since && not_older(here->second.resource_version, there.resource_version)));
        if (here->second != there && !newer) {
            return "the watch missed a change of " + key.str();
        }
    }
    for (auto const& [key, here] : known_) {
        if (listed.contains(key)) {
            continue;
        }
        auto const order = compare_resource_versions(here.resource_version, listed_at);
        bool const created_since = order.has_value() ? *order > 0 : touched_.contains(key);
        if (!created_since) {
            return "the watch missed the deletion of " + key.str();
        }
    }
    return std::nullopt;
}

void WatchView::saw(std::string const& resource_version) {
    if (!resource_version.empty()) {
        resource_version_ = resource_version;
    }
}

}  // namespace rt::kube
