#include "operator/inventory/waiting_pods.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/kube/core/object.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

/// Lists of statuses, and the list of the spec that each is about.
struct StatusList {
    char const* status;
    char const* spec;
};
constexpr std::array<StatusList, 2> status_lists{
    StatusList{"initContainerStatuses", "initContainers"},
    StatusList{"containerStatuses", "containers"}};

Json const* list_at(Json const& object, char const* part, char const* list) {
    Json const* const holder = find(object, part);
    Json const* const found = holder == nullptr ? nullptr : find(*holder, list);
    return found != nullptr && found->is_array() ? found : nullptr;
}

bool waits_for_image(Json const& status) {
    Json const* const state = find(status, "state");
    Json const* const waiting = state == nullptr ? nullptr : find(*state, "waiting");
    if (waiting == nullptr) {
        return false;
    }
    std::string const reason = string_at(*waiting, "reason");
    return reason == "ErrImagePull" || reason == "ImagePullBackOff";
}

/// The container runs, or has run before.
bool has_run(Json const& status) {
    auto const filled = [](Json const* value) { return value != nullptr && !value->empty(); };
    Json const* const state = find(status, "state");
    bool const now = state != nullptr &&
                     (find(*state, "running") != nullptr || find(*state, "terminated") != nullptr);
    Json const* const restarts = find(status, "restartCount");
    return now || filled(find(status, "lastState")) ||
           (restarts != nullptr && restarts->is_number() && *restarts != 0);
}

bool any_waits(Json const& pod) {
    return std::any_of(status_lists.begin(), status_lists.end(), [&](StatusList const& lists) {
        Json const* const statuses = list_at(pod, "status", lists.status);
        return statuses != nullptr &&
               std::any_of(statuses->begin(), statuses->end(), waits_for_image);
    });
}

std::string image_of(Json const& pod, char const* list, std::string const& container) {
    Json const* const containers = list_at(pod, "spec", list);
    if (containers != nullptr) {
        for (Json const& one : *containers) {
            if (string_at(one, "name") == container) {
                return string_at(one, "image");
            }
        }
    }
    return {};
}

}  // namespace

void keep_waiting(Json const& pod, Json& reduced) {
    if (!any_waits(pod)) {
        return;
    }
    Json const* const metadata = find(pod, "metadata");
    for (char const* key : {"ownerReferences", "annotations", "deletionTimestamp"}) {
        if (Json const* const value = metadata == nullptr ? nullptr : find(*metadata, key)) {
            reduced["metadata"][key] = *value;
        }
    }
    for (StatusList const& lists : status_lists) {
        if (Json const* const statuses = list_at(pod, "status", lists.status)) {
            reduced["status"][lists.status] = *statuses;
        }
        if (Json const* const containers = list_at(pod, "spec", lists.spec)) {
            // The names, beside the images that are there already: a status speaks of a name.
            for (std::size_t i = 0; i < containers->size(); ++i) {
                reduced["spec"][lists.spec][i]["name"] = string_at((*containers)[i], "name");
            }
        }
    }
    if (Json const* const secrets = list_at(pod, "spec", "imagePullSecrets")) {
        reduced["spec"]["imagePullSecrets"] = *secrets;
    }
}

WaitingPod read_waiting(Json const& pod) {
    kube::ObjectMeta const meta = kube::meta_of(pod);
    WaitingPod result{meta.name, meta.uid, meta.resource_version,
                      meta.creation_timestamp.value_or(WallTime{})};
    std::set<std::string> images;
    for (StatusList const& lists : status_lists) {
        Json const* const statuses = list_at(pod, "status", lists.status);
        for (std::size_t i = 0; statuses != nullptr && i < statuses->size(); ++i) {
            Json const& status = (*statuses)[i];
            if (has_run(status) || meta.being_deleted()) {
                return result;
            }
            if (waits_for_image(status)) {
                images.insert(image_of(pod, lists.spec, string_at(status, "name")));
            }
        }
    }
    images.erase("");
    if (images.empty()) {
        return result;
    }
    result.images.assign(images.begin(), images.end());
    Json const* const secrets = list_at(pod, "spec", "imagePullSecrets");
    result.names_secret =
        secrets != nullptr && std::any_of(secrets->begin(), secrets->end(), [](Json const& one) {
            return string_at(one, "name") == tenancy::pull_secret_name;
        });
    result.replaceable =
        meta.controller.has_value() && !meta.annotations.contains("kubernetes.io/config.mirror");
    return result;
}

bool WaitingPods::put(std::unordered_map<std::string, Pods>& into, Json const& pod) {
    WaitingPod waiting = read_waiting(pod);
    if (waiting.images.empty()) {
        return false;
    }
    Pods& pods = into[kube::key_of(pod).ns];
    bool const is_new = !pods.contains(waiting.name);
    if (is_new && count_ >= pods_max) {
        return false;
    }
    count_ += is_new ? 1 : 0;
    std::string const name = waiting.name;
    pods.insert_or_assign(name, std::move(waiting));
    return is_new;
}

void WaitingPods::replace(std::vector<Json> const& pods) {
    std::vector<std::string> changed;
    {
        std::lock_guard const lock(mutex_);
        namespaces_.clear();
        count_ = 0;
        for (Json const& pod : pods) {
            put(namespaces_, pod);
        }
        for (auto const& [ns, waiting] : namespaces_) {
            changed.push_back(ns);
        }
        forget_marks();
    }
    on_change_(changed);
}

void WaitingPods::upsert(Json const& pod) {
    std::string const ns = kube::key_of(pod).ns;
    {
        std::lock_guard const lock(mutex_);
        if (read_waiting(pod).images.empty()) {
            auto const found = namespaces_.find(ns);
            if (found != namespaces_.end() && found->second.erase(kube::key_of(pod).name) > 0) {
                --count_;
                forget_marks();
            }
            return;
        }
        if (!put(namespaces_, pod)) {
            return;
        }
    }
    on_change_({ns});
}

void WaitingPods::remove(Json const& pod) {
    kube::ObjectKey const key = kube::key_of(pod);
    std::lock_guard const lock(mutex_);
    auto const found = namespaces_.find(key.ns);
    if (found != namespaces_.end() && found->second.erase(key.name) > 0) {
        --count_;
        forget_marks();
    }
}

/// A mark lives as long as its Pod waits; looked at only when one has ended, and there are few.
void WaitingPods::forget_marks() {
    std::erase_if(namespaces_, [](auto const& one) { return one.second.empty(); });
    if (marks_.size() <= count_) {
        return;
    }
    std::set<std::string_view> waiting;
    for (auto const& [ns, pods] : namespaces_) {
        for (auto const& [name, pod] : pods) {
            waiting.insert(pod.uid);
        }
    }
    std::erase_if(marks_, [&](auto const& one) { return !waiting.contains(one.first); });
}

std::vector<WaitingPod> WaitingPods::of(std::string const& ns) const {
    std::vector<WaitingPod> result;
    std::lock_guard const lock(mutex_);
    if (auto const found = namespaces_.find(ns); found != namespaces_.end()) {
        for (auto const& [name, pod] : found->second) {
            result.push_back(pod);
        }
    }
    return result;
}

bool WaitingPods::any(std::string const& ns) const {
    std::lock_guard const lock(mutex_);
    return namespaces_.contains(ns);
}

WaitingPods::Mark WaitingPods::mark_of(std::string const& uid) const {
    std::lock_guard const lock(mutex_);
    auto const found = marks_.find(uid);
    return found == marks_.end() ? Mark{} : found->second;
}

void WaitingPods::mark(std::string const& uid, Mark mark) {
    std::lock_guard const lock(mutex_);
    marks_[uid] = mark;
}

}  // namespace rt::op
