#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "webhook/index_builder.hpp"

// The part of IndexBuilder that keeps RegistryExceptions.

namespace rt::webhook {

void IndexBuilder::close_exception(ExceptionState& state, std::set<std::string>& touched) {
    if (!state.active) {
        return;
    }
    std::string const& name = state.good->meta.name;
    state.active = false;
    ends_.erase({state.ends_at, name});
    for (std::string const& ns : state.good->namespaces) {
        auto const found = exceptions_of_.find(ns);
        found->second.erase(name);
        if (found->second.empty()) {
            exceptions_of_.erase(found);
        }
        touched.insert(ns);
    }
    std::erase_if(policies_, [&](auto const& entry) {
        auto const& names = entry.first.exceptions;
        return std::binary_search(names.begin(), names.end(), name);
    });
}

void IndexBuilder::take_exception(Json const& object, std::set<std::string>& touched) {
    auto const meta = kube::meta_of(object);
    ExceptionState& state = exceptions_[meta.name];
    // Status updates, which are the most of what a watch tells, leave the generation as it is.
    if (meta.generation != 0 && meta.generation == state.generation && meta.uid == state.uid) {
        return;
    }
    close_exception(state, touched);
    state.uid = meta.uid;
    state.generation = meta.generation;
    auto parsed = tenancy::RegistryException::parse(object);
    if (!parsed) {
        log_warn("a RegistryException cannot be read, and opens nothing",
                 {{"exception", meta.name}, {"errors", tenancy::to_string(parsed.error())}});
        state.good.reset();
        return;
    }
    state.good = std::make_shared<tenancy::RegistryException const>(*std::move(parsed));
    state.ends_at = state.good->ends_at(exception_life_max_);
    state.active = clock_.wall_now() < state.ends_at;
    if (!state.active) {
        return;
    }
    ends_.emplace(state.ends_at, meta.name);
    for (std::string const& ns : state.good->namespaces) {
        exceptions_of_[ns].insert(meta.name);
        touched.insert(ns);
    }
}

void IndexBuilder::publish_touched(std::set<std::string> const& touched) {
    if (!touched.empty()) {
        publish({touched.begin(), touched.end()});
    }
}

void IndexBuilder::replace_exceptions(std::vector<Json> const& items) {
    std::lock_guard const lock(mutex_);
    std::set<std::string> present;
    std::set<std::string> touched;
    for (Json const& item : items) {
        present.insert(kube::meta_of(item).name);
        take_exception(item, touched);
    }
    for (auto entry = exceptions_.begin(); entry != exceptions_.end();) {
        if (present.contains(entry->first)) {
            ++entry;
            continue;
        }
        close_exception(entry->second, touched);
        entry = exceptions_.erase(entry);
    }
    publish_touched(touched);
}

void IndexBuilder::upsert_exception(Json const& object) {
    std::lock_guard const lock(mutex_);
    std::set<std::string> touched;
    take_exception(object, touched);
    publish_touched(touched);
}

void IndexBuilder::remove_exception(Json const& object) {
    std::lock_guard const lock(mutex_);
    std::set<std::string> touched;
    if (auto const found = exceptions_.find(kube::meta_of(object).name);
        found != exceptions_.end()) {
        close_exception(found->second, touched);
        exceptions_.erase(found);
    }
    publish_touched(touched);
}

void IndexBuilder::end_exceptions() {
    auto const now = clock_.wall_now();
    std::set<std::string> touched;
    while (!ends_.empty() && ends_.begin()->first <= now) {
        std::string const name = ends_.begin()->second;
        log_info("a RegistryException has ended", {{"exception", name}});
        close_exception(exceptions_.at(name), touched);
    }
    publish_touched(touched);
}

}  // namespace rt::webhook
