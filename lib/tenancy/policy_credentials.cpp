#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "lib/base/digest.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/registry_blocks.hpp"
#include "lib/tenancy/session_policy.hpp"
#include "lib/tenancy/validation.hpp"

namespace rt::tenancy {
namespace {

constexpr int session_duration_default_seconds = 3600;

/// What makes two credentials the same one: Registry, expanded role, expanded external ID.
struct CredentialKey {
    std::string registry;
    std::string role;
    std::string external_id;
    auto operator<=>(CredentialKey const&) const = default;
};

/// What one key of the pull Secret stands for, apart from the host. With keyStyle Host all of a
/// registry is one key.
struct SecretKey {
    std::string registry;
    AllowEntry::Kind kind = AllowEntry::Kind::WholeRegistry;
    std::string path;
    auto operator<=>(SecretKey const&) const = default;
};

struct Draft {
    CredentialSpec spec;
    std::set<AllowEntry> allow;
    std::set<std::string> tenancies;
    std::set<std::string> exceptions;
    std::optional<int> session_duration_seconds;
};

class Collector {
  public:
    Collector(RegistryCatalog const& catalog, std::string_view ns, std::string_view cluster)
        : catalog_(catalog), ns_(ns), cluster_(cluster) {}

    void add(RegistryTenancy const& tenancy, TenancyRegistry const& wanted);
    /// To be called after all tenancies are added.
    void extend(RegistryException const& exception);
    Credentials finish();

  private:
    void report(TenancyRegistry const& wanted, RegistryTenancy const& tenancy, std::string reason,
                std::string message) {
        result_.problems.push_back(
            {wanted.name, tenancy.meta.name, std::move(reason), std::move(message)});
    }
    void add_entries(RegistryTenancy const& tenancy, TenancyRegistry const& wanted,
                     CredentialKey const& key, Draft& draft, KeyStyle style);
    void extend(RegistryException const& exception, std::string const& registry,
                std::set<AllowEntry> const& entries);
    [[nodiscard]] CredentialKey const* credential_for(RegistryException const& exception,
                                                      std::string const& registry);
    void report(RegistryException const& exception, std::string const& registry, std::string reason,
                std::string const& message) {
        result_.problems.push_back({registry, exception.tenancy, std::move(reason),
                                    "RegistryException \"" + exception.meta.name + "\" " + message,
                                    exception.meta.name});
    }

    RegistryCatalog const& catalog_;
    std::string_view ns_;
    std::string_view cluster_;
    std::map<CredentialKey, Draft> drafts_;
    std::map<SecretKey, CredentialKey> owners_;
    Credentials result_;
};

void Collector::add(RegistryTenancy const& tenancy, TenancyRegistry const& wanted) {
    auto const registry = catalog_.shared_by_name(wanted.name);
    if (!registry) {
        report(
            wanted, tenancy, "RegistryNotFound",
            "there is no usable Registry \"" + wanted.name +
                "\", so nothing can be pulled from it; a cluster admin must create or correct it");
        return;
    }
    auto hosts = catalog_.hosts_of(*registry);
    if (hosts.empty()) {
        report(wanted, tenancy, "NoHosts",
               "every host of Registry \"" + wanted.name +
                   "\" belongs to an older Registry; a cluster admin must resolve that");
        return;
    }
    if (auto problem = role_problem(*registry, wanted, ns_, cluster_)) {
        report(wanted, tenancy, std::move(problem->reason), std::move(problem->message));
        return;
    }
    if (!registry->has_credentials()) {
        return;
    }
    CredentialKey key{wanted.name, {}, {}};
    std::optional<Role> role;
    if (wanted.role) {
        role = wanted.role->expand(ns_, cluster_).value();  // role_problem() has expanded it
        key.role = role->str();
        key.external_id = expand_placeholders(wanted.external_id, ns_, cluster_);
    }
    Draft& draft = drafts_[key];
    draft.spec.registry = registry;
    draft.spec.hosts = std::move(hosts);
    draft.spec.role = std::move(role);
    draft.spec.external_id = key.external_id;
    add_entries(tenancy, wanted, key, draft, registry->key_style);
}

void Collector::add_entries(RegistryTenancy const& tenancy, TenancyRegistry const& wanted,
                            CredentialKey const& key, Draft& draft, KeyStyle style) {
    std::vector<std::string> lost;
    std::size_t won = 0;
    for (AllowEntry entry : wanted.allow) {
        entry.deprecated.clear();  // advice to people; it must not cause a new credential
        SecretKey secret_key{wanted.name, AllowEntry::Kind::WholeRegistry, {}};
        if (style == KeyStyle::Path) {
            secret_key.kind = entry.kind;
            secret_key.path = entry.path;
        }
        auto const owner = owners_.emplace(std::move(secret_key), key).first;
        if (owner->second == key) {
            draft.allow.insert(entry);
            ++won;
        } else {
            lost.push_back(entry.display());
        }
    }
    if (won != 0) {
        draft.tenancies.insert(tenancy.meta.name);
        if (wanted.session_duration_seconds) {
            int const asked = *wanted.session_duration_seconds;
            draft.session_duration_seconds =
                std::min(draft.session_duration_seconds.value_or(asked), asked);
        }
    }
    if (!lost.empty()) {
        std::string const more =
            lost.size() > 1 ? " and " + std::to_string(lost.size() - 1) + " more" : "";
        report(wanted, tenancy, "CredentialConflict",
               "an older RegistryTenancy gives another credential (role or external ID) for " +
                   lost.front() + more +
                   "; that one is used; cluster admins must make the two agree");
    }
}

void Collector::extend(RegistryException const& exception) {
    std::map<std::string, std::set<AllowEntry>> by_registry;
    for (auto const& image : exception.images) {
        if (!image.registry.empty()) {
            by_registry[image.registry].insert(image.entry);
        }
    }
    for (auto const& [registry, entries] : by_registry) {
        extend(exception, registry, entries);
    }
}

CredentialKey const* Collector::credential_for(RegistryException const& exception,
                                               std::string const& registry) {
    CredentialKey const* found = nullptr;
    std::size_t count = 0;
    for (auto const& [key, draft] : drafts_) {
        if (key.registry == registry && !draft.allow.empty() &&
            (exception.tenancy.empty() || draft.tenancies.contains(exception.tenancy))) {
            found = &key;
            ++count;
        }
    }
    if (count > 1) {
        report(exception, registry, "CredentialAmbiguous",
               "allows images of registry \"" + registry + "\", for which this namespace has " +
                   std::to_string(count) +
                   " credentials: a cluster admin must set its tenancy to the one whose role may "
                   "pull them");
        return nullptr;
    }
    if (found == nullptr) {
        std::string const giver =
            exception.tenancy.empty()
                ? "no RegistryTenancy gives"
                : "RegistryTenancy \"" + exception.tenancy + "\" does not give";
        report(exception, registry, "NoCredential",
               "allows images of registry \"" + registry + "\", but " + giver +
                   " this namespace a credential for it: they are admitted, and can be pulled only "
                   "where that needs no credential");
    }
    return found;
}

void Collector::extend(RegistryException const& exception, std::string const& registry,
                       std::set<AllowEntry> const& entries) {
    auto const known = catalog_.shared_by_name(registry);
    if (!known) {
        report(exception, registry, "RegistryNotFound",
               "allows images of registry \"" + registry +
                   "\", but there is no usable Registry of that name, so nothing is allowed from "
                   "it; a cluster admin must create or correct it");
        return;
    }
    if (!known->has_credentials()) {
        return;
    }
    CredentialKey const* const key = credential_for(exception, registry);
    if (key == nullptr) {
        return;
    }
    Draft& draft = drafts_.at(*key);
    std::set<AllowEntry> wider = draft.allow;
    std::vector<SecretKey> keys;
    for (AllowEntry const& entry : entries) {
        SecretKey secret_key{registry, AllowEntry::Kind::WholeRegistry, {}};
        if (known->key_style == KeyStyle::Path) {
            secret_key.kind = entry.kind;
            secret_key.path = entry.path;
        }
        auto const owner = owners_.find(secret_key);
        if (owner == owners_.end() || owner->second == *key) {
            wider.insert(entry);
            keys.push_back(std::move(secret_key));
        }
        // Else another credential of the namespace serves the very same key already.
    }
    if (wider.size() == draft.allow.size()) {
        return;
    }
    std::vector<AllowEntry> const allow(wider.begin(), wider.end());
    if (auto const fits = session_policy(*known, draft.spec.role, allow); !fits) {
        report(exception, registry, fits.error().code,
               "can't extend the credential for registry \"" + registry +
                   "\": " + fits.error().message);
        return;
    }
    draft.allow = std::move(wider);
    draft.exceptions.insert(exception.meta.name);
    for (SecretKey& secret_key : keys) {
        owners_.emplace(std::move(secret_key), *key);
    }
}

Credentials Collector::finish() {
    for (auto& [key, draft] : drafts_) {
        if (draft.allow.empty()) {
            continue;  // every entry went to an older tenancy, and was reported
        }
        CredentialSpec& spec = draft.spec;
        spec.allow.assign(draft.allow.begin(), draft.allow.end());
        spec.tenancies.assign(draft.tenancies.begin(), draft.tenancies.end());
        spec.exceptions.assign(draft.exceptions.begin(), draft.exceptions.end());
        spec.session_duration_seconds =
            draft.session_duration_seconds.value_or(session_duration_default_seconds);
        if (auto const fits = session_policy(*spec.registry, spec.role, spec.allow); !fits) {
            result_.problems.push_back(
                {key.registry, spec.tenancies.front(), fits.error().code, fits.error().message});
            continue;
        }
        result_.specs.push_back(std::move(spec));
    }
    return std::move(result_);
}

/// What the type's block says. The first fields keep their places: another hash would mint all
/// credentials anew after an update of the operator.
void push_block(Json& inputs, Registry const& registry) {
    if (registry.alibaba_acr) {
        auto const& acr = *registry.alibaba_acr;
        Json block = {acr.instance_id,        acr.region,
                      acr.account_id,         name_of(acr.identity.type),
                      acr.identity.role_name, acr.identity.secret_name};
        if (!acr.identity.provider.empty()) {
            block.push_back(acr.identity.provider);
            block.push_back(acr.identity.oidc_role);
        }
        inputs.push_back(std::move(block));  // edition Personal is the one without instance_id
    }
    if (registry.amazon_ecr) {
        auto const& ecr = *registry.amazon_ecr;
        inputs.push_back({ecr.registry_id, ecr.region, ecr.session_tags ? "tags" : "",
                          name_of(ecr.identity.type), ecr.identity.role_name,
                          ecr.identity.secret_name, ecr.identity.oidc_role});
    }
    if (registry.google_artifact_registry) {
        inputs.push_back(google_artifact_registry_json(*registry.google_artifact_registry));
    }
    if (registry.azure_acr) {
        inputs.push_back(azure_acr_json(*registry.azure_acr));
    }
    if (registry.harbor) {
        inputs.push_back(harbor_json(*registry.harbor));
    }
    if (registry.docker_config_secret) {
        inputs.push_back(registry.docker_config_secret->secret_name);
    }
}

}  // namespace

std::string CredentialSpec::inputs_hash() const {
    // JSON arrays of strings: no two different inputs have the same text.
    Json inputs = Json::array();
    inputs.push_back(registry->meta.name);
    inputs.push_back(name_of(registry->type));
    inputs.push_back(hosts);
    inputs.push_back(registry->key_style == KeyStyle::Path ? "Path" : "Host");
    inputs.push_back(registry->realm);
    push_block(inputs, *registry);
    inputs.push_back(role ? role->str() : std::string());
    inputs.push_back(external_id);
    inputs.push_back(session_duration_seconds);
    for (auto const& entry : allow) {
        inputs.push_back(entry.display());
    }
    return sha256_hex(dump_json(inputs));
}

Credentials credentials_of(NamespacePolicy const& policy, RegistryCatalog const& catalog,
                           std::string_view ns, std::string_view cluster) {
    // Oldest first over governing tenancies and baselines alike: who came first keeps a key.
    auto sources = policy.sources();
    std::sort(sources.begin(), sources.end(),
              [](auto const& left, auto const& right) { return older(left->meta, right->meta); });
    Collector collector(catalog, ns, cluster);
    for (auto const& tenancy : sources) {
        for (auto const& wanted : tenancy->registries) {
            collector.add(*tenancy, wanted);
        }
    }
    for (auto const& active : policy.exceptions()) {
        collector.extend(*active.exception);
    }
    return collector.finish();
}

}  // namespace rt::tenancy
