#include "operator/tenancy/namespace_accounts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "operator/tenancy/round.hpp"

namespace rt::op {
namespace {

/// One LIST of small objects; what it finds has no hurry.
constexpr std::chrono::seconds sweep_interval{60};

bool names_one(TenancyList const& tenancies, Rules const& rules) {
    return std::any_of(tenancies.begin(), tenancies.end(), [&](TenancyPointer const& tenancy) {
        return std::any_of(
            tenancy->registries.begin(), tenancy->registries.end(), [&](auto const& wanted) {
                auto const* const registry = rules.catalog().by_name(wanted.name);
                return rules.registry_broken(wanted.name) ||
                       (registry != nullptr && registry->identity() != nullptr &&
                        registry->identity()->type == tenancy::Identity::Type::ServiceAccount);
            });
    });
}

/// The governed namespace that a ServiceAccount stands for; empty where it is none of ours.
std::string namespace_of(kube::ObjectMeta const& account) {
    auto const found = account.labels.find(std::string(tenancy::namespace_label));
    if (found == account.labels.end() ||
        account.name != std::string(tenancy::service_account_prefix) + found->second) {
        return {};
    }
    return found->second;
}

}  // namespace

bool needs_service_account(Gathered const& gathered) {
    if (!gathered.record || gathered.record->terminating || gathered.excluded) {
        return false;
    }
    auto const& labels = gathered.record->labels;
    auto const governing = gathered.rules->governing(gathered.ns, labels);
    return gathered.rules->may_be_governed_unseen(gathered.ns, labels) ||
           names_one(governing, *gathered.rules) ||
           (!governing.empty() && names_one(gathered.rules->baselines(), *gathered.rules));
}

kube::Outcome NamespaceAccounts::sweep(std::stop_token const& stop) {
    kube::ListOptions options;
    options.ns = settings_.product_namespace;
    options.label_selector =
        std::string(tenancy::managed_by_label) + '=' + std::string(tenancy::managed_by_value);
    options.metadata_only = true;
    options.limit = 500;
    auto const accounts = kube::list_all(api_, kube::types::service_accounts, options, stop);
    if (!accounts) {
        log_warn("ServiceAccounts of governed namespaces not looked at",
                 {{"error", accounts.error().message}});
        return kube::Outcome::retry();
    }
    SteadyTime const now = clock_.steady_now();
    std::set<std::string> unneeded;
    for (Json const& object : accounts->items) {
        kube::ObjectMeta const meta = kube::meta_of(object);
        std::string const ns = namespace_of(meta);
        if (ns.empty() || needs_service_account(view_.gather(ns))) {
            continue;
        }
        auto const since = unneeded_since_.try_emplace(meta.name, now).first->second;
        if (now - since < settings_.grace) {
            unneeded.insert(meta.name);
            continue;
        }
        auto const removed = api_.remove(kube::types::service_accounts, meta.key(),
                                         {meta.uid, meta.resource_version}, stop);
        if (!removed && removed.error().kind != ErrorKind::NotFound) {
            log_warn("A ServiceAccount that nobody needs was not removed",
                     {{"name", meta.name}, {"error", removed.error().message}});
            unneeded.insert(meta.name);
            continue;
        }
        log_info("Removed the ServiceAccount of a namespace that has left",
                 {{"namespace", ns}, {"name", meta.name}});
    }
    std::erase_if(unneeded_since_,
                  [&](auto const& entry) { return !unneeded.contains(entry.first); });
    return look_again(sweep_interval);
}

}  // namespace rt::op
