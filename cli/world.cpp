#include "cli/world.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/grant_policy.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::cli {
namespace {

constexpr std::string_view settings_name = "registry-tenancy-config";
constexpr std::string_view settings_key = "config.yaml";
constexpr char name_label[] = "kubernetes.io/metadata.name";

bool is_ours(Json const& object) {
    return string_at(object, "apiVersion") == tenancy::api_version;
}

/// A selector that asks for more than the namespace's name, which is known by itself.
bool needs_labels(tenancy::RegistryTenancy const& tenancy) {
    if (tenancy.baseline || !tenancy.namespace_selector) {
        return false;
    }
    auto const& requirements = tenancy.namespace_selector->requirements();
    return std::any_of(requirements.begin(), requirements.end(),
                       [](auto const& requirement) { return requirement.key != name_label; });
}

}  // namespace

bool World::first_of_its_name(std::string const& what, std::string_view place, bool replace) {
    auto const [at, is_new] = places_.try_emplace(what, place);
    if (is_new || replace) {
        at->second = place;
        return true;
    }
    problems_.push_back(std::string(place) + ": " + what + " stands in " + at->second +
                        ", too: give one of them");
    return false;
}

void World::add_registry(Json const& object, std::string_view place) {
    auto parsed = tenancy::Registry::parse(object);
    std::string const name = kube::key_of(object).name;
    catalog_.reset();
    if (!parsed) {
        registries_.erase(name);
        problems_.push_back(std::string(place) + ": Registry " + printable(name, 128) + ": " +
                            tenancy::to_string(parsed.error()));
        return;
    }
    registries_[name] = std::make_shared<tenancy::Registry const>(*std::move(parsed));
}

void World::add_tenancy(Json const& object, std::string_view place) {
    auto parsed = tenancy::RegistryTenancy::parse(object);
    std::string const name = kube::key_of(object).name;
    if (!parsed) {
        tenancies_.erase(name);
        unreadable_[name] = tenancy::RegistryTenancy::salvage(object);
        problems_.push_back(std::string(place) + ": RegistryTenancy " + printable(name, 128) +
                            ": " + tenancy::to_string(parsed.error()));
        return;
    }
    unreadable_.erase(name);
    tenancies_[name] = std::make_shared<tenancy::RegistryTenancy const>(*std::move(parsed));
}

/// One that cannot be read allows nothing, as in the webhook.
void World::add_exception(Json const& object, std::string_view place) {
    auto parsed = tenancy::RegistryException::parse(object);
    std::string const name = kube::key_of(object).name;
    if (!parsed) {
        exceptions_.erase(name);
        problems_.push_back(std::string(place) + ": RegistryException " + printable(name, 128) +
                            ": " + tenancy::to_string(parsed.error()));
        return;
    }
    exceptions_[name] = std::make_shared<tenancy::RegistryException const>(*std::move(parsed));
}

bool World::add_settings(Json const& object, std::string_view place) {
    Json const* const data = find(object, "data");
    std::string const text = data == nullptr ? "" : string_at(*data, settings_key);
    if (!kube::key_of(object).name.starts_with(settings_name) || text.empty()) {
        return false;
    }
    auto settings = tenancy::Settings::parse(text);
    if (!settings) {
        problems_.push_back(std::string(place) + ": " + settings.error().message);
    } else {
        settings_ = *std::move(settings);
    }
    return true;
}

bool World::add(Json const& object, std::string_view place, bool replace) {
    std::string const kind = string_at(object, "kind");
    std::string const name = kube::key_of(object).name;
    bool const registry = is_ours(object) && kind == "Registry";
    bool const tenancy = is_ours(object) && kind == "RegistryTenancy";
    bool const exception = is_ours(object) && kind == "RegistryException";
    bool const ns = kind == "Namespace" && string_at(object, "apiVersion") == "v1";
    if (kind == "ConfigMap") {
        return add_settings(object, place);
    }
    if (!registry && !tenancy && !exception && !ns) {
        return false;
    }
    views_.clear();
    compiled_.clear();
    if (!first_of_its_name(kind + ' ' + printable(name, 128), place, replace)) {
        return true;
    }
    if (registry) {
        add_registry(object, place);
    } else if (tenancy) {
        add_tenancy(object, place);
    } else if (exception) {
        add_exception(object, place);
    } else {
        labels_[name] = kube::meta_of(object).labels;
    }
    return true;
}

void World::remove_tenancy(std::string const& name) {
    views_.clear();
    compiled_.clear();
    tenancies_.erase(name);
    unreadable_.erase(name);
}

void World::add_grant(Json const& grant, std::string const& ns) {
    views_.clear();
    grants_[ns] = std::make_shared<tenancy::NamespacePolicy const>(policy_of_grant(grant));
}

void World::suggest_namespace(Json const& object) {
    if (string_at(object, "kind") == "Namespace" && string_at(object, "apiVersion") == "v1") {
        auto meta = kube::meta_of(object);
        views_.erase(meta.name);
        suggested_labels_[meta.name] = std::move(meta.labels);
    }
}

tenancy::RegistryCatalog const& World::catalog() {
    if (!catalog_) {
        std::vector<std::shared_ptr<tenancy::Registry const>> all;
        all.reserve(registries_.size());
        for (auto const& [name, registry] : registries_) {
            all.push_back(registry);
        }
        catalog_.emplace(std::move(all));
    }
    return *catalog_;
}

std::set<std::string> World::namespaces() const {
    std::set<std::string> names;
    for (auto const& [name, labels] : labels_) {
        names.insert(name);
    }
    for (auto const& [name, policy] : grants_) {
        names.insert(name);
    }
    if (!live_) {
        for (auto const& [name, tenancy] : tenancies_) {
            names.insert(tenancy->namespaces.begin(), tenancy->namespaces.end());
        }
    }
    return names;
}

std::vector<std::string> World::exceptions_of(std::string const& ns) const {
    std::vector<std::string> names;
    for (auto const& [name, exception] : exceptions_) {
        if (exception->applies_to(ns) && exception->active_at(now_, settings_.exception_life_max)) {
            names.push_back(name);
        }
    }
    return names;
}

World::Policy World::compile(std::vector<std::string> const& governing, std::string const& ns) {
    auto const exceptions = exceptions_of(ns);
    Policy& policy = compiled_[{governing, exceptions}];
    if (policy) {
        return policy;
    }
    std::vector<std::shared_ptr<tenancy::RegistryTenancy const>> members;
    members.reserve(governing.size());
    std::vector<std::shared_ptr<tenancy::RegistryTenancy const>> baselines;
    std::vector<tenancy::ActiveException> active;
    for (std::string const& name : governing) {
        members.push_back(tenancies_.at(name));
    }
    for (auto const& [name, tenancy] : tenancies_) {
        // A baseline adds to what another tenancy governs.
        if (tenancy->baseline && !governing.empty()) {
            baselines.push_back(tenancy);
        }
    }
    for (std::string const& name : exceptions) {
        auto const& exception = exceptions_.at(name);
        active.push_back({exception, exception->ends_at(settings_.exception_life_max)});
    }
    policy = std::make_shared<tenancy::NamespacePolicy const>(tenancy::NamespacePolicy::compile(
        std::move(members), std::move(baselines), std::move(active), catalog()));
    return policy;
}

NamespaceView World::compute(std::string const& ns) {
    NamespaceView view;
    if (settings_.excluded(ns)) {
        view.excluded = true;
        return view;
    }
    if (auto const grant = grants_.find(ns); grant != grants_.end()) {
        view.policy = grant->second;
        return view;
    }
    auto const known = labels_.find(ns);
    auto const suggested = suggested_labels_.find(ns);
    bool const has_labels = known != labels_.end() || suggested != suggested_labels_.end();
    Labels labels;
    if (has_labels) {
        labels = known != labels_.end() ? known->second : suggested->second;
    }
    labels[name_label] = ns;
    for (auto const& [name, tenancy] : unreadable_) {
        if (tenancy.governs(ns, labels)) {
            view.unreadable = name;
        }
    }
    std::vector<std::string> governing;
    for (auto const& [name, tenancy] : tenancies_) {
        if (tenancy->governs(ns, labels)) {
            governing.push_back(name);
        } else if (!has_labels && needs_labels(*tenancy) && view.unknown.empty()) {
            view.unknown =
                "RegistryTenancy \"" + printable(name, 128) +
                "\" selects namespaces by label, and the labels of namespace " + printable(ns, 64) +
                (live_ ? " are not known: it does not exist in the cluster; add its manifest to -f"
                       : " are not known: add the Namespace's manifest to --tenancy or -f");
        }
    }
    if (!governing.empty()) {
        view.policy = compile(governing, ns);
    } else if (!exceptions_of(ns).empty()) {
        view.exceptions_alone = compile(governing, ns);
    }
    return view;
}

NamespaceView const& World::view(std::string const& ns) {
    auto const found = views_.find(ns);
    return found != views_.end() ? found->second : views_.emplace(ns, compute(ns)).first->second;
}

}  // namespace rt::cli
