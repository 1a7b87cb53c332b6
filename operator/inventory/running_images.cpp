#include "operator/inventory/running_images.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/kube/core/object.hpp"
#include "lib/tenancy/image_doors.hpp"
#include "operator/inventory/waiting_pods.hpp"

namespace rt::op {
namespace {

/// A Pod that has ended runs nothing, though it may stand in the API for long.
bool has_ended(Json const& pod) {
    Json const* status = find(pod, "status");
    std::string const phase = status == nullptr ? std::string() : string_at(*status, "phase");
    return phase == "Succeeded" || phase == "Failed";
}

/// Distinct images of a Pod, through every door.
std::set<std::string> images_in(Json const& pod) {
    std::set<std::string> images;
    Json const* spec = find(pod, "spec");
    if (spec == nullptr) {
        return images;
    }
    for (tenancy::ImageDoor const& door : tenancy::image_doors()) {
        Json const* list = find(*spec, door.list);
        if (list == nullptr || !list->is_array()) {
            continue;
        }
        for (Json const& item : *list) {
            Json const* holder = door.object.empty() ? &item : find(item, door.object);
            std::string image = holder == nullptr ? std::string() : string_at(*holder, door.field);
            if (!image.empty()) {
                images.insert(std::move(image));
            }
        }
    }
    return images;
}

}  // namespace

void reduce_pod(Json& pod) {
    Json reduced = Json::object();
    if (Json const* metadata = find(pod, "metadata")) {
        for (char const* key :
             {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
            if (Json const* value = find(*metadata, key)) {
                reduced["metadata"][key] = *value;
            }
        }
    }
    if (Json const* status = find(pod, "status")) {
        reduced["status"]["phase"] = string_at(*status, "phase");
    }
    Json const* spec = find(pod, "spec");
    for (tenancy::ImageDoor const& door : tenancy::image_doors()) {
        Json const* list = spec == nullptr ? nullptr : find(*spec, door.list);
        if (list == nullptr || !list->is_array()) {
            continue;
        }
        std::string const member(door.object.empty() ? door.field : door.object);
        Json& kept = reduced["spec"][std::string(door.list)] = Json::array();
        for (Json const& item : *list) {
            if (Json const* value = find(item, member)) {
                kept.push_back({{member, *value}});
            }
        }
    }
    keep_waiting(pod, reduced);
    pod = std::move(reduced);
}

bool RunningImages::Namespace::put(Json const& pod) {
    std::string const name = kube::key_of(pod).name;
    if (has_ended(pod)) {
        return drop(name);
    }
    auto const wanted = images_in(pod);
    auto const [found, is_new] = pods.try_emplace(name);
    Pod& known = found->second;
    auto const same = [](Images::iterator const& have, std::string const& want) {
        return have->first == want;
    };
    WallTime const created = kube::meta_of(pod).creation_timestamp.value_or(WallTime{});
    if (!is_new && known.created == created &&
        std::equal(known.images.begin(), known.images.end(), wanted.begin(), wanted.end(), same)) {
        return false;
    }
    Pod fresh{created, {}};
    for (std::string const& image : wanted) {
        auto const at = images.try_emplace(image, 0).first;
        ++at->second;
        fresh.images.push_back(at);
    }
    for (auto const& at : known.images) {
        if (--at->second == 0) {
            images.erase(at);
        }
    }
    known = std::move(fresh);
    return true;
}

bool RunningImages::Namespace::drop(std::string const& pod) {
    auto const found = pods.find(pod);
    if (found == pods.end()) {
        return false;
    }
    bool image_gone = false;
    for (auto const& at : found->second.images) {
        if (--at->second == 0) {
            images.erase(at);
            image_gone = true;
        }
    }
    pods.erase(found);
    return image_gone;
}

std::vector<tenancy::RunningImage> RunningImages::Namespace::running() const {
    std::map<std::string_view, WallTime> newest;
    for (auto const& [name, pod] : pods) {
        for (auto const& at : pod.images) {
            WallTime& time = newest.try_emplace(at->first, pod.created).first->second;
            time = std::max(time, pod.created);
        }
    }
    std::vector<tenancy::RunningImage> result;
    result.reserve(newest.size());
    for (auto const& [image, time] : newest) {
        result.push_back({std::string(image), time});
    }
    return result;
}

void RunningImages::replace(std::vector<Json> const& pods) {
    Namespaces fresh;
    for (Json const& pod : pods) {
        fresh[kube::key_of(pod).ns].put(pod);
    }
    std::vector<std::string> changed;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& [ns, one] : fresh) {
            auto const known = namespaces_.find(ns);
            if (known == namespaces_.end() || known->second.running() != one.running()) {
                changed.push_back(ns);
            }
        }
        for (auto const& [ns, one] : namespaces_) {
            if (!fresh.contains(ns)) {
                changed.push_back(ns);
            }
        }
        namespaces_.swap(fresh);
        complete_ = true;
    }
    on_change_(changed);
}

void RunningImages::upsert(Json const& pod) {
    std::string const ns = kube::key_of(pod).ns;
    {
        std::lock_guard const lock(mutex_);
        auto const at = namespaces_.try_emplace(ns).first;
        bool const changed = at->second.put(pod);
        if (at->second.pods.empty()) {
            namespaces_.erase(at);
        }
        if (!changed) {
            return;
        }
    }
    on_change_({ns});
}

void RunningImages::remove(Json const& pod) {
    kube::ObjectKey const key = kube::key_of(pod);
    {
        std::lock_guard const lock(mutex_);
        auto const found = namespaces_.find(key.ns);
        if (found == namespaces_.end()) {
            return;
        }
        bool const image_gone = found->second.drop(key.name);
        if (found->second.pods.empty()) {
            namespaces_.erase(found);
        }
        if (!image_gone) {
            return;
        }
    }
    on_change_({key.ns});
}

bool RunningImages::complete() const {
    std::lock_guard const lock(mutex_);
    return complete_;
}

std::vector<tenancy::RunningImage> RunningImages::of(std::string const& ns) const {
    std::lock_guard const lock(mutex_);
    auto const found = namespaces_.find(ns);
    return found == namespaces_.end() ? std::vector<tenancy::RunningImage>{}
                                      : found->second.running();
}

}  // namespace rt::op
