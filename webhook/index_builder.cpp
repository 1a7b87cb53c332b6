#include "webhook/index_builder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::webhook {
namespace {

/// Looking through everything costs some 60 ms with 10,000 namespaces; a mass deletion expires in
/// as many moments as it had.
constexpr std::chrono::seconds expiry_interval{1};
/// From so many changed namespaces on, building every shard anew is cheaper than copying each.
constexpr std::size_t piecemeal_max = 512;
/// From so many changed tenancies on, every namespace is matched anew through the table.
constexpr std::size_t selected_max = 8;

bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The API server raises metadata.generation with every change of spec, so status updates, which
/// are the most of what a watch tells, need not be read. Objects without generation always count.
bool same_version(kube::ObjectMeta const& meta, std::string const& uid, std::int64_t generation) {
    return meta.generation != 0 && meta.generation == generation && meta.uid == uid;
}

Selection selection_of(tenancy::RegistryTenancy const& tenancy) {
    return tenancy.baseline ? Selection{}
                            : Selection{tenancy.namespaces, tenancy.namespace_selector};
}

}  // namespace

IndexBuilder::IndexBuilder(Clock& clock, std::function<bool(std::string_view)> excluded,
                           std::chrono::seconds grace, std::chrono::seconds exception_life_max)
    : clock_(clock),
      excluded_(std::move(excluded)),
      grace_(grace),
      exception_life_max_(exception_life_max) {
    published_.store(std::make_shared<TenancyIndex const>());
}

IndexFigures IndexBuilder::figures() const {
    std::lock_guard const lock(mutex_);
    IndexFigures figures;
    figures.namespaces = namespaces_.size();
    for (auto const& [name, state] : namespaces_) {
        figures.governed += state.members.empty() && state.leaving.empty() ? 0U : 1U;
    }
    for (auto const& [name, state] : tenancies_) {
        figures.tenancies += state.gone_after ? 0U : 1U;
        figures.unreadable += state.readable ? 0U : 1U;
    }
    figures.registries = registries_.size();
    for (auto const& [name, state] : registries_) {
        figures.unreadable += state.readable ? 0U : 1U;
    }
    figures.exceptions = ends_.size();
    for (auto const& [name, state] : exceptions_) {
        figures.unreadable += state.good ? 0U : 1U;
    }
    return figures;
}

// Registries ------------------------------------------------------------------------------------

bool IndexBuilder::take_registry(Json const& object) {
    auto const meta = kube::meta_of(object);
    RegistryState& state = registries_[meta.name];
    if (same_version(meta, state.uid, state.generation)) {
        return false;
    }
    auto parsed = tenancy::Registry::parse(object);
    state.readable = parsed.has_value();
    if (!parsed) {
        log_warn("a Registry cannot be read; its last good version stays in force",
                 {{"registry", meta.name}, {"errors", tenancy::to_string(parsed.error())}});
        if (state.uid != meta.uid) {
            state.good.reset();
        }
    } else {
        state.good = std::make_shared<tenancy::Registry const>(*std::move(parsed));
    }
    state.uid = meta.uid;
    state.generation = meta.generation;
    return true;
}

void IndexBuilder::rebuild_catalog() {
    std::vector<std::shared_ptr<tenancy::Registry const>> good;
    for (auto const& [name, state] : registries_) {
        if (state.good) {
            good.push_back(state.good);
        }
    }
    next_.catalog_ = std::make_shared<tenancy::RegistryCatalog const>(std::move(good));
    policies_.clear();
    publish_all();
}

void IndexBuilder::replace_registries(std::vector<Json> const& items) {
    std::lock_guard const lock(mutex_);
    std::set<std::string> present;
    bool changed = false;
    for (Json const& item : items) {
        changed = take_registry(item) || changed;
        present.insert(kube::meta_of(item).name);
    }
    auto const gone = std::erase_if(
        registries_, [&](auto const& entry) { return !present.contains(entry.first); });
    if (changed || gone > 0) {
        rebuild_catalog();
    }
}

void IndexBuilder::upsert_registry(Json const& object) {
    std::lock_guard const lock(mutex_);
    if (take_registry(object)) {
        rebuild_catalog();
    }
}

void IndexBuilder::remove_registry(Json const& object) {
    std::lock_guard const lock(mutex_);
    if (registries_.erase(kube::meta_of(object).name) > 0) {
        rebuild_catalog();
    }
}

// Tenancies -------------------------------------------------------------------------------------

bool IndexBuilder::is_baseline(std::string const& tenancy) const {
    return baselines_.contains(tenancy);
}

void IndexBuilder::forget_policies_of(std::string const& tenancy) {
    if (is_baseline(tenancy)) {
        policies_.clear();
    } else {
        std::erase_if(policies_,
                      [&](auto const& entry) { return contains(entry.first.tenancies, tenancy); });
    }
}

bool IndexBuilder::take_tenancy(Json const& object) {
    auto const meta = kube::meta_of(object);
    TenancyState& state = tenancies_[meta.name];
    if (!state.gone_after && same_version(meta, state.uid, state.generation)) {
        return false;
    }
    tenancies_changed_ = true;
    forget_policies_of(meta.name);
    auto parsed = tenancy::RegistryTenancy::parse(object);
    if (parsed) {
        state.good = std::make_shared<tenancy::RegistryTenancy const>(*std::move(parsed));
        state.selection = selection_of(*state.good);
        state.readable = true;
        if (state.good->baseline) {
            baselines_.insert(meta.name);
        } else {
            baselines_.erase(meta.name);
        }
        forget_policies_of(meta.name);
    } else {
        log_warn(
            "a RegistryTenancy cannot be read; its last good version stays in force, and "
            "namespaces that it selects without one are closed",
            {{"tenancy", meta.name}, {"errors", tenancy::to_string(parsed.error())}});
        if (state.uid != meta.uid) {
            state.good.reset();
            baselines_.erase(meta.name);
        }
        Selection now = selection_of(tenancy::RegistryTenancy::salvage(object));
        if (state.good) {
            Selection before = selection_of(*state.good);
            before.namespaces.insert(before.namespaces.end(), now.namespaces.begin(),
                                     now.namespaces.end());
            now = std::move(before);
        }
        state.selection = std::move(now);
        state.readable = false;
    }
    state.uid = meta.uid;
    state.generation = meta.generation;
    state.gone_after.reset();
    membership_.set(meta.name, state.selection);
    return true;
}

void IndexBuilder::delete_tenancy(std::string const& name) {
    auto const found = tenancies_.find(name);
    if (found == tenancies_.end() || found->second.gone_after) {
        return;
    }
    tenancies_changed_ = true;
    found->second.gone_after = clock_.steady_now() + grace_;
    if (!next_expiry_ || *found->second.gone_after < *next_expiry_) {
        next_expiry_ = found->second.gone_after;
    }
    membership_.erase(name);
}

void IndexBuilder::replace_tenancies(std::vector<Json> const& items) {
    std::lock_guard const lock(mutex_);
    std::set<std::string> present;
    std::set<std::string> changed;
    for (Json const& item : items) {
        auto const name = kube::meta_of(item).name;
        present.insert(name);
        if (take_tenancy(item)) {
            changed.insert(name);
        }
    }
    for (auto const& [name, state] : tenancies_) {
        if (!present.contains(name) && !state.gone_after) {
            changed.insert(name);
            delete_tenancy(name);
        }
    }
    if (changed.size() > selected_max) {
        refresh_all();
    } else if (!changed.empty()) {
        refresh_selected(changed);
    }
}

void IndexBuilder::upsert_tenancy(Json const& object) {
    std::lock_guard const lock(mutex_);
    if (take_tenancy(object)) {
        refresh_selected({kube::meta_of(object).name});
    }
}

void IndexBuilder::remove_tenancy(Json const& object) {
    std::lock_guard const lock(mutex_);
    auto const name = kube::meta_of(object).name;
    delete_tenancy(name);
    refresh_selected({name});
}

// Namespaces ------------------------------------------------------------------------------------

void IndexBuilder::take_namespace(Json const& object) {
    auto meta = kube::meta_of(object);
    NamespaceState& state = namespaces_[meta.name];
    if (!state.labels || *state.labels != meta.labels) {
        state.labels = std::make_shared<NamespaceLabels const>(std::move(meta.labels));
    }
    refresh_members(meta.name, state, clock_.steady_now());
}

void IndexBuilder::replace_namespaces(std::vector<Json> const& items) {
    std::lock_guard const lock(mutex_);
    std::set<std::string> present;
    for (Json const& item : items) {
        present.insert(kube::meta_of(item).name);
        take_namespace(item);
    }
    std::erase_if(namespaces_, [&](auto const& entry) { return !present.contains(entry.first); });
    publish_all();
}

void IndexBuilder::upsert_namespace(Json const& object) {
    std::lock_guard const lock(mutex_);
    take_namespace(object);
    publish({kube::meta_of(object).name});
}

void IndexBuilder::remove_namespace(Json const& object) {
    std::lock_guard const lock(mutex_);
    auto const name = kube::meta_of(object).name;
    namespaces_.erase(name);
    publish({name});
}

// Membership and grace --------------------------------------------------------------------------

void IndexBuilder::refresh_members(std::string const& ns, NamespaceState& state, SteadyTime now) {
    auto members =
        excluded_(ns) ? std::vector<std::string>{} : membership_.tenancies_of(ns, *state.labels);
    std::erase_if(state.leaving, [&](Leaving const& leaving) {
        return leaving.until <= now || contains(members, leaving.tenancy);
    });
    for (std::string& before : state.members) {
        if (!contains(members, before)) {
            state.leaving.push_back({std::move(before), now + grace_});
        }
    }
    if (!members.empty()) {
        // A namespace that moved to another tenancy is under that one alone, at once, as its keys
        // are; the grace keeps a namespace from standing open, and a deleted tenancy from being
        // missed.
        std::erase_if(state.leaving, [&](Leaving const& leaving) {
            auto const found = tenancies_.find(leaving.tenancy);
            return found == tenancies_.end() || !found->second.gone_after;
        });
    }
    for (Leaving const& leaving : state.leaving) {
        if (!next_expiry_ || leaving.until < *next_expiry_) {
            next_expiry_ = leaving.until;
        }
    }
    state.members = std::move(members);
}

void IndexBuilder::refresh_all() {
    auto const now = clock_.steady_now();
    for (auto& [ns, state] : namespaces_) {
        refresh_members(ns, state, now);
    }
    publish_all();
}

void IndexBuilder::refresh_selected(std::set<std::string> const& tenancies) {
    auto const now = clock_.steady_now();
    bool baseline = false;
    std::vector<Selection const*> selections;
    for (std::string const& name : tenancies) {
        baseline = baseline || is_baseline(name);
        if (auto const found = tenancies_.find(name); found != tenancies_.end()) {
            selections.push_back(&found->second.selection);
        }
    }
    std::vector<std::string> changed;
    for (auto& [ns, state] : namespaces_) {
        bool const was = std::any_of(state.members.begin(), state.members.end(),
                                     [&](auto const& name) { return tenancies.contains(name); }) ||
                         std::any_of(state.leaving.begin(), state.leaving.end(),
                                     [&](auto const& l) { return tenancies.contains(l.tenancy); });
        bool const is = std::any_of(selections.begin(), selections.end(),
                                    [&](auto const* s) { return s->matches(ns, *state.labels); });
        if (was || is) {
            refresh_members(ns, state, now);
            changed.push_back(ns);
        }
    }
    // A tenancy that was or is a baseline has emptied the cache of policies: all entries are old.
    if (baseline || changed.size() > piecemeal_max || policies_.empty()) {
        publish_all();
    } else {
        publish(changed);
    }
}

void IndexBuilder::expire() {
    std::lock_guard const lock(mutex_);
    end_exceptions();
    auto const now = clock_.steady_now();
    if (!next_expiry_ || now < *next_expiry_ || now < expire_again_after_) {
        return;
    }
    expire_again_after_ = now + expiry_interval;
    next_expiry_.reset();
    tenancies_changed_ = true;
    for (auto entry = tenancies_.begin(); entry != tenancies_.end();) {
        auto const& gone_after = entry->second.gone_after;
        if (gone_after && *gone_after <= now) {
            forget_policies_of(entry->first);
            baselines_.erase(entry->first);
            entry = tenancies_.erase(entry);
            continue;
        }
        if (gone_after && (!next_expiry_ || *gone_after < *next_expiry_)) {
            next_expiry_ = gone_after;
        }
        ++entry;
    }
    refresh_all();
}

}  // namespace rt::webhook
