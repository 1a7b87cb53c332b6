#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/tenancy/settings.hpp"
#include "operator/cloud/token_source.hpp"
#include "operator/tenancy/enqueue.hpp"
#include "operator/tenancy/records.hpp"
#include "operator/tenancy/rules.hpp"

namespace rt::op {

/// A Registry, RegistryTenancy or RegistryException as stored, with what could be made of it.
template <class T>
struct Declared {
    kube::ObjectMeta meta;
    /// The last version that parsed; null if none ever did. Of an exception the current one: what
    /// cannot be read allows nothing.
    std::shared_ptr<T const> in_force;
    tenancy::FieldErrors errors;           ///< of the current version; empty where it parses
    std::shared_ptr<Json const> status;    ///< as last seen or written; never null
    std::optional<SteadyTime> deleted_at;  ///< set while its rules outlive it
    std::uint64_t since = 0;               ///< Rules::sequence() that brought the current version
};

/// What the gather step takes from memory for one namespace, at one moment.
struct Gathered {
    std::string ns;
    std::optional<NamespaceRecord> record;  ///< empty: no such namespace
    bool excluded = false;
    std::shared_ptr<Rules const> rules;
    std::optional<SecretRecord> secret;
    std::optional<GrantRecord> grant;
    std::map<std::string, std::string> source_versions;  ///< Secret in our namespace -> its version
};

/// The policy of a governed namespace; nothing where no tenancy governs it or it is going away.
[[nodiscard]] std::optional<tenancy::NamespacePolicy> policy_in_force(
    Gathered const& gathered, WallTime now, std::chrono::seconds exception_life_max);

/// Who must be looked at again after an event.
struct Affected {
    std::vector<std::string> namespaces;
    std::vector<std::string> tenancies;     ///< their status
    std::vector<std::string> registries;    ///< their status
    std::vector<std::string> exceptions{};  ///< their status
};

/// Everything that the operator knows of the cluster: fed by watchers, read by reconcilers. Objects
/// are reduced to small records on arrival. Thread-safe. Our own writes are told at once (noted_*),
/// so that a second reconcile never decides from what was before the first; older events are then
/// ignored.
class ClusterView {
  public:
    using OnAffected = std::function<void(Affected const&)>;
    /// `on_affected` is called from the watchers' threads, never under a lock of the view.
    ClusterView(tenancy::Settings const& settings, Clock& clock, OnAffected on_affected);

    void replace_tenancies(std::vector<Json> const& items);
    void upsert_tenancy(Json const& object);
    void delete_tenancy(Json const& object);

    void replace_registries(std::vector<Json> const& items);
    void upsert_registry(Json const& object);
    void delete_registry(Json const& object);

    void replace_exceptions(std::vector<Json> const& items);
    void upsert_exception(Json const& object);
    void delete_exception(Json const& object);

    void replace_namespaces(std::vector<Json> const& items);
    void upsert_namespace(Json const& object);
    void delete_namespace(Json const& object);

    void replace_secrets(std::vector<Json> const& items);
    void upsert_secret(Json const& object);
    void delete_secret(Json const& object);

    void replace_grants(std::vector<Json> const& items);
    void upsert_grant(Json const& object);
    void delete_grant(Json const& object);

    void replace_source_secrets(std::vector<Json> const& items);
    void upsert_source_secret(Json const& object);
    void delete_source_secret(Json const& object);

    /// Our own writes, from the API server's answers.
    void noted_secret(std::string const& ns, Json const& object);
    void noted_secret_gone(std::string const& ns, std::string const& uid);
    void noted_grant(std::string const& ns, Json const& object);
    void noted_grant_gone(std::string const& ns, std::string const& uid);
    void noted_tenancy(Json const& object);
    void noted_registry(Json const& object);
    void noted_exception(Json const& object);

    /// Drops the rules of deleted tenancies and Registries whose grace is over. Returns the time
    /// until the next one's is, if any.
    std::optional<std::chrono::nanoseconds> end_graces();

    [[nodiscard]] Gathered gather(std::string const& ns) const;
    [[nodiscard]] std::shared_ptr<Rules const> rules() const;
    [[nodiscard]] std::optional<Declared<tenancy::RegistryTenancy>> tenancy(
        std::string const& name) const;
    [[nodiscard]] std::optional<Declared<tenancy::Registry>> registry(
        std::string const& name) const;
    [[nodiscard]] std::optional<Declared<tenancy::RegistryException>> exception(
        std::string const& name) const;
    /// Existing, not excluded namespaces that an exception names and that are not terminating.
    [[nodiscard]] std::vector<std::string> namespaces_of_exception(std::string const& name) const;
    /// Existing, not excluded namespaces that a tenancy governs and that are not terminating.
    [[nodiscard]] std::vector<std::string> namespaces_of(std::string const& tenancy) const;
    /// Everything that deserves a look after the first complete lists.
    [[nodiscard]] Affected everything() const;  ///< most urgent first

    /// What all pull Secrets of ours hold.
    [[nodiscard]] std::vector<HeldCredential> held_credentials() const;

    struct Expiry {
        std::size_t credentials = 0;
        std::size_t expired = 0;
        std::optional<WallTime> nearest;               ///< expiry of those not yet expired
        std::map<std::string, WallTime> nearest_of{};  ///< the same by Registry
    };
    [[nodiscard]] Expiry expiry(WallTime now) const;

  private:
    template <class T>
    using DeclaredMap = std::map<std::string, Declared<T>>;

    /// What became of a tenancy; the rules are not yet rebuilt.
    struct TenancyChange {
        std::string name;
        TenancyPointer before;
        TenancyPointer after;  ///< null: deleted (or never readable)
    };
    std::optional<TenancyChange> take_tenancy(Json const& object);
    std::optional<TenancyChange> end_tenancy(std::string const& name);
    /// Rebuilds the rules, once for all changes, and tells whom they concern.
    Affected settle_tenancies(std::vector<TenancyChange> const& changes);
    Affected put_registry(Json const& object);
    Affected drop_registry(std::string const& name);
    void take_exception(Json const& object, Affected& affected);
    void drop_exception(std::string const& name, Affected& affected);
    void settle_exceptions(Affected& affected);
    void rebuild_rules();

    tenancy::Settings const& settings_;
    Clock& clock_;
    OnAffected on_affected_;

    mutable std::mutex mutex_;
    DeclaredMap<tenancy::RegistryTenancy> tenancies_;
    std::map<std::string, BrokenTenancy> broken_;
    DeclaredMap<tenancy::Registry> registries_;
    DeclaredMap<tenancy::RegistryException> exceptions_;
    NamespaceMap namespaces_;
    std::unordered_map<std::string, SecretRecord> secrets_;
    std::unordered_map<std::string, GrantRecord> grants_;
    std::map<std::string, std::string> source_versions_;
    std::shared_ptr<Rules const> rules_ = std::make_shared<Rules const>();
};

}  // namespace rt::op
