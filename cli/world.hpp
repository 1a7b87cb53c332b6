#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.hpp"
#include "cli/manifests.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/settings.hpp"

namespace rt::cli {

/// What is known about one namespace.
struct NamespaceView {
    /// Null: no tenancy governs it, it is excluded, or it cannot be judged.
    std::shared_ptr<tenancy::NamespacePolicy const> policy{};
    /// Of an ungoverned namespace: what exceptions open where unmanagedNamespaces is Deny.
    std::shared_ptr<tenancy::NamespacePolicy const> exceptions_alone{};
    bool excluded = false;
    /// Why not everything about it is known: one clause with its fix; empty where all is. What the
    /// policy allows is allowed all the same, because more rules only add; a "no" is no verdict.
    std::string unknown{};
    /// A tenancy that selects it cannot be read: nothing may be decided.
    std::string unreadable{};
};

/// Everything that decisions depend on, read once from files or from a cluster.
class World {
  public:
    using Labels = std::map<std::string, std::string>;

    explicit World(WallTime now) : now_(now) {}

    /// Takes a Registry, RegistryTenancy, RegistryException, Namespace or our settings; true where
    /// it was one of them. Problems are remembered. A name given twice is a problem, unless
    /// `replace` says that the later one counts.
    bool add(Json const& object, std::string_view place, bool replace = false);
    /// Forgets a RegistryTenancy.
    void remove_tenancy(std::string const& name);
    void use_settings(tenancy::Settings settings) { settings_ = std::move(settings); }
    /// The custom kinds of the settings, with their names as asked of the cluster.
    void name_custom_kinds(tenancy::CustomKinds kinds) {
        settings_.custom_kinds = std::move(kinds);
    }
    /// The cluster's namespaces are all known: one that was not added does not exist.
    void set_live() { live_ = true; }
    /// A namespace whose rules are known from its RegistryGrant alone.
    void add_grant(Json const& grant, std::string const& ns);
    /// Labels from a manifest that is judged, where nothing better is known.
    void suggest_namespace(Json const& object);

    [[nodiscard]] NamespaceView const& view(std::string const& ns);
    [[nodiscard]] tenancy::Settings const& settings() const { return settings_; }
    [[nodiscard]] tenancy::RegistryCatalog const& catalog();
    [[nodiscard]] std::map<std::string, std::shared_ptr<tenancy::RegistryTenancy const>> const&
    tenancies() const {
        return tenancies_;
    }
    /// Namespaces that are known by name, sorted.
    [[nodiscard]] std::set<std::string> namespaces() const;
    [[nodiscard]] std::vector<std::string> const& problems() const { return problems_; }
    [[nodiscard]] WallTime now() const { return now_; }
    [[nodiscard]] bool empty() const { return tenancies_.empty() && grants_.empty(); }

  private:
    using Policy = std::shared_ptr<tenancy::NamespacePolicy const>;

    bool first_of_its_name(std::string const& what, std::string_view place, bool replace);
    void add_registry(Json const& object, std::string_view place);
    void add_tenancy(Json const& object, std::string_view place);
    void add_exception(Json const& object, std::string_view place);
    bool add_settings(Json const& object, std::string_view place);
    [[nodiscard]] NamespaceView compute(std::string const& ns);
    [[nodiscard]] Policy compile(std::vector<std::string> const& governing, std::string const& ns);
    /// Names of the exceptions that name the namespace and have not ended.
    [[nodiscard]] std::vector<std::string> exceptions_of(std::string const& ns) const;

    WallTime now_;
    bool live_ = false;
    tenancy::Settings settings_;
    std::map<std::string, std::shared_ptr<tenancy::Registry const>> registries_;
    std::map<std::string, std::shared_ptr<tenancy::RegistryTenancy const>> tenancies_;
    /// Tenancies that cannot be read, as far as they can: they select namespaces all the same.
    std::map<std::string, tenancy::RegistryTenancy> unreadable_;
    std::map<std::string, std::shared_ptr<tenancy::RegistryException const>> exceptions_;
    std::map<std::string, Labels> labels_;
    std::map<std::string, Labels> suggested_labels_;
    std::map<std::string, Policy> grants_;
    std::map<std::string, std::string> places_;  ///< "Kind/name" -> where it was read
    std::vector<std::string> problems_;
    std::optional<tenancy::RegistryCatalog> catalog_;
    /// By the names of tenancies and exceptions.
    std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, Policy> compiled_;
    std::map<std::string, NamespaceView> views_;
};

/// Where a command takes its rules from.
struct WorldSources {
    std::vector<std::string> tenancy_files{};  ///< offline where not empty
    std::string settings_file{};
    ClusterFlags cluster{};
    bool recursive = false;
};

/// Reads Registries, tenancies, exceptions and namespaces from files.
[[nodiscard]] Result<World> world_from_files(WorldSources const& sources, Environment& env);
/// The same from a cluster. Who may not list tenancies (developers) is served from the
/// RegistryGrants of `namespaces`, which everybody who may view a namespace may read.
[[nodiscard]] Result<World> world_from_cluster(WorldSources const& sources,
                                               Connection const& connection,
                                               std::set<std::string> const& namespaces,
                                               Environment& env);

/// Rules for a command about one namespace.
struct LoadedRules {
    World world;
    std::optional<Connection> connection;  ///< nullopt: offline
    std::string ns;                        ///< -n, else the context's, else "default"
};
[[nodiscard]] Result<LoadedRules> load_rules(WorldSources const& sources, Environment& env);

}  // namespace rt::cli
