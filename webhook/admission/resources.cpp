#include "webhook/admission/resources.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "lib/tenancy/validation.hpp"
#include "webhook/admission/resources_exception.hpp"

namespace rt::webhook {
namespace {

using tenancy::FieldErrors;
using tenancy::Registry;
using tenancy::RegistryTenancy;
using TenancyPtr = std::shared_ptr<RegistryTenancy const>;

/// Distinct sets of tenancies that a candidate is tried against; more would only repeat the
/// finding.
constexpr std::size_t conflict_trials_max = 64;

/// Two tenancies that give different credentials for one key: refused here, while both writers are
/// still there to talk to. The older one wins, so `candidate`, being new, is the one to change.
FieldErrors credential_conflicts(TenancyPtr const& candidate, TenancyIndex const& index,
                                 AdmissionSettings const& settings) {
    FieldErrors errors;
    std::map<tenancy::NamespacePolicy const*, std::string> trials;
    index.for_each([&](TenancyIndex::Entry const& entry) {
        bool const affected = entry.rules.policy && !settings.excludes(entry.ns) &&
                              (candidate->baseline || candidate->governs(entry.ns, *entry.labels));
        if (affected && trials.size() < conflict_trials_max) {
            trials.emplace(entry.rules.policy.get(), entry.ns);
        }
    });
    for (auto const& [policy, ns] : trials) {
        std::vector<TenancyPtr> governing;
        std::vector<TenancyPtr> baselines;
        for (TenancyPtr const& source : policy->sources()) {
            if (source->meta.name != candidate->meta.name) {
                (source->baseline ? baselines : governing).push_back(source);
            }
        }
        (candidate->baseline ? baselines : governing).push_back(candidate);
        auto const trial = tenancy::NamespacePolicy::compile(std::move(governing),
                                                             std::move(baselines), index.catalog());
        for (auto const& problem :
             tenancy::credentials_of(trial, index.catalog(), ns, settings.cluster_name).problems) {
            auto const& registries = candidate->registries;
            auto const own = std::find_if(registries.begin(), registries.end(), [&](auto const& r) {
                return r.name == problem.registry;
            });
            if (problem.reason != "CredentialConflict" || own == registries.end()) {
                continue;
            }
            tenancy::FieldError error{
                "/spec/registries/" + std::to_string(own - registries.begin()) + "/role",
                "another RegistryTenancy gives namespaces of this one a different credential for "
                "the same images of Registry \"" +
                    problem.registry +
                    "\": use the same role and externalID, or allow other images"};
            if (std::find(errors.begin(), errors.end(), error) == errors.end()) {
                errors.push_back(std::move(error));
            }
        }
    }
    return errors;
}

FieldErrors errors_of_tenancy(Json const& object, PolicyView const& view,
                              AdmissionSettings const& settings, WallTime) {
    auto parsed = RegistryTenancy::parse(object);
    if (!parsed) {
        return parsed.error();
    }
    if (!usable(view, settings)) {
        return {};
    }
    auto errors = tenancy::validate_against(*parsed, view.index->catalog(), settings.cluster_name);
    auto const conflicts = credential_conflicts(
        std::make_shared<RegistryTenancy const>(*std::move(parsed)), *view.index, settings);
    errors.insert(errors.end(), conflicts.begin(), conflicts.end());
    return errors;
}

FieldErrors errors_of_registry(Json const& object, PolicyView const& view,
                               AdmissionSettings const& settings, WallTime) {
    auto const parsed = Registry::parse(object);
    if (!parsed) {
        return parsed.error();
    }
    return usable(view, settings) ? tenancy::validate_against(*parsed, view.index->catalog())
                                  : FieldErrors{};
}

std::vector<std::string> warnings_of_tenancy(Json const& object, PolicyView const& view,
                                             AdmissionSettings const& settings, WallTime) {
    auto const parsed = RegistryTenancy::parse(object);
    if (!parsed) {
        return {};
    }
    std::vector<std::string> warnings;
    for (std::string const& ns : parsed->namespaces) {
        if (settings.excludes(ns)) {
            warnings.push_back("namespace " + printable(ns, 63) +
                               " is excluded from RegistryTenancy: it stays ungoverned");
        }
    }
    if (usable(view, settings)) {
        auto more = tenancy::warnings_for(*parsed, view.index->catalog());
        warnings.insert(warnings.end(), std::make_move_iterator(more.begin()),
                        std::make_move_iterator(more.end()));
    }
    return warnings;
}

/// Tenancies that a changed Registry leaves without a credential: a role that it allows no longer,
/// a type that assumes none.
std::vector<std::string> warnings_of_registry(Json const& object, PolicyView const& view,
                                              AdmissionSettings const& settings, WallTime) {
    constexpr std::size_t named_max = 3;
    auto parsed = Registry::parse(object);
    if (!parsed || !usable(view, settings)) {
        return {};
    }
    auto registries = view.index->catalog().all();
    std::erase_if(registries, [&](auto const& one) { return one->meta.name == parsed->meta.name; });
    registries.push_back(std::make_shared<Registry const>(*std::move(parsed)));
    tenancy::RegistryCatalog const after(std::move(registries));
    std::vector<std::string> warnings;
    std::size_t more = 0;
    for (TenancyPtr const& one : view.index->tenancies()) {
        auto const errors = tenancy::only_new(
            tenancy::validate_against(*one, after, settings.cluster_name),
            tenancy::validate_against(*one, view.index->catalog(), settings.cluster_name));
        if (errors.empty()) {
            continue;
        }
        if (warnings.size() == named_max) {
            ++more;
            continue;
        }
        warnings.push_back(
            printable("RegistryTenancy \"" + one->meta.name +
                          "\" gets no credential any more: " + errors.front().message,
                      tenancy::warning_bytes_max));
    }
    if (more > 0) {
        warnings.push_back("nor do " + std::to_string(more) + " more RegistryTenancies");
    }
    return warnings;
}

/// Deleting the last tenancy of a namespace opens it where unmanaged namespaces are allowed.
std::vector<std::string> warnings_of_deletion(std::string const& name, PolicyView const& view,
                                              AdmissionSettings const& settings) {
    if (settings.unmanaged != tenancy::UnmanagedNamespaces::Allow || !usable(view, settings)) {
        return {};
    }
    constexpr std::size_t named_max = 3;
    std::size_t opened = 0;
    std::string names;
    view.index->for_each([&](TenancyIndex::Entry const& entry) {
        if (entry.rules.policy && entry.rules.policy->tenancies() == std::vector{name}) {
            if (opened++ < named_max) {
                names += (names.empty() ? "" : ", ") + printable(entry.ns, 63);
            }
        }
    });
    if (opened == 0) {
        return {};
    }
    return {"in " + std::to_string(settings.grace.count()) + " s nothing governs " +
            counted(opened, "namespace") + " any more (" + names +
            (opened > named_max ? ", ..." : "") +
            "): every image is allowed there (unmanagedNamespaces: Allow)"};
}

std::vector<std::string> warnings_of_registry_deletion(std::string const& name,
                                                       PolicyView const& view,
                                                       AdmissionSettings const& settings) {
    if (!usable(view, settings)) {
        return {};
    }
    auto const& tenancies = view.index->tenancies();
    auto const users = std::count_if(tenancies.begin(), tenancies.end(), [&](auto const& tenancy) {
        return std::any_of(tenancy->registries.begin(), tenancy->registries.end(),
                           [&](auto const& registry) { return registry.name == name; });
    });
    if (users == 0) {
        return {};
    }
    return {"named by " +
            counted(static_cast<std::size_t>(users), "RegistryTenancy", "RegistryTenancies") +
            ": nothing is allowed from it there from now on"};
}

/// What is asked of one kind of ours.
struct ResourceKind {
    std::string_view plural;
    std::string_view name;
    FieldErrors (*errors_of)(Json const&, PolicyView const&, AdmissionSettings const&, WallTime);
    std::vector<std::string> (*warnings_of)(Json const&, PolicyView const&,
                                            AdmissionSettings const&, WallTime);
    /// Null: nothing but the preview.
    std::vector<std::string> (*warnings_of_deletion)(std::string const&, PolicyView const&,
                                                     AdmissionSettings const&);
};

constexpr std::array<ResourceKind, 3> kinds{{
    {"registries", "Registry", errors_of_registry, warnings_of_registry,
     warnings_of_registry_deletion},
    {"registrytenancies", "RegistryTenancy", errors_of_tenancy, warnings_of_tenancy,
     warnings_of_deletion},
    {"registryexceptions", "RegistryException", errors_of_exception, warnings_of_exception,
     nullptr},
}};

ResourceKind const* kind_of(std::string_view plural) {
    auto const* const found = std::find_if(kinds.begin(), kinds.end(),
                                           [&](auto const& kind) { return kind.plural == plural; });
    return found == kinds.end() ? nullptr : found;
}

}  // namespace

ResourceReview review_resource(Json const& request, PolicyView const& view,
                               AdmissionSettings const& settings, WallTime now) {
    ResourceReview result;
    result.name = string_at(request, "name");
    Json const* const resource = find(request, "resource");
    std::string const operation = string_at(request, "operation");
    ResourceKind const* const kind =
        kind_of(resource == nullptr ? "" : string_at(*resource, "resource"));
    if (kind == nullptr || !string_at(request, "subResource").empty()) {
        return result;
    }
    result.kind = kind->name;
    if (!usable(view, settings)) {
        result.warnings.emplace_back(
            "the webhook has no current view of the cluster: checked without the other objects");
    }
    if (operation == "DELETE") {
        if (kind->warnings_of_deletion != nullptr) {
            result.warnings = kind->warnings_of_deletion(result.name, view, settings);
        }
        return result;
    }
    Json const* const object = find(request, "object");
    if (object == nullptr || (operation != "CREATE" && operation != "UPDATE")) {
        return result;
    }
    result.errors = kind->errors_of(*object, view, settings, now);
    Json const* const old_object = find(request, "oldObject");
    if (operation == "UPDATE" && old_object != nullptr && !result.errors.empty()) {
        result.errors =
            tenancy::only_new(result.errors, kind->errors_of(*old_object, view, settings, now));
    }
    auto more = kind->warnings_of(*object, view, settings, now);
    result.warnings.insert(result.warnings.end(), std::make_move_iterator(more.begin()),
                           std::make_move_iterator(more.end()));
    return result;
}

}  // namespace rt::webhook
