#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/field_error.hpp"
#include "lib/tenancy/names.hpp"

namespace rt::tenancy {

/// What happens to an image that nothing allows; ordered from lenient to strict.
enum class Enforcement { Audit, Warn, Deny };
[[nodiscard]] std::string_view name_of(Enforcement enforcement);

/// One entry of `allow`.
struct AllowEntry {
    enum class Kind {
        WholeRegistry,  ///< namespace: "*"
        Namespace,      ///< namespace: cainiao, i.e. cainiao/** by whole segments
        Repository,     ///< repository: base/jdk, this one only
    };
    Kind kind = Kind::Namespace;
    std::string path;        ///< empty for WholeRegistry
    std::string deprecated;  ///< empty: not deprecated

    /// "cainiao/*", "base/jdk" or "*", as messages show it.
    [[nodiscard]] std::string display() const;
    auto operator<=>(AllowEntry const&) const = default;
};

/// A whole project of a Harbor: what its robots can be narrowed to.
[[nodiscard]] bool is_harbor_project(AllowEntry const& entry);

/// As it stands in `allow` of a RegistryTenancy and a RegistryGrant.
[[nodiscard]] Json to_json(AllowEntry const& entry);

struct TenancyRegistry {
    std::string name;  ///< of a Registry
    std::optional<RoleTemplate> role;
    std::string external_id;  ///< template; empty: none
    std::optional<int> session_duration_seconds;
    std::vector<AllowEntry> allow;
    bool operator==(TenancyRegistry const&) const = default;
};

/// Which pull Secrets a Pod may name besides ours.
struct PullSecretsPolicy {
    bool listed = false;               ///< false: Any
    std::vector<std::string> allowed;  ///< with listed, sorted
    bool operator==(PullSecretsPolicy const&) const = default;
};

/// RegistryTenancy (crds/registrytenancies).
struct RegistryTenancy {
    kube::ObjectMeta meta;
    std::vector<std::string> namespaces;
    std::optional<kube::LabelSelector> namespace_selector;
    bool baseline = false;
    std::vector<TenancyRegistry> registries;
    Enforcement enforcement = Enforcement::Deny;
    PullSecretsPolicy pull_secrets;
    bool pull_always = false;  ///< pullPolicy: Always
    std::string contact;
    std::string docs_url;

    /// Reads an object as stored. Everything wrong is reported, each with pointer, value and fix.
    static Parsed<RegistryTenancy> parse(Json const& object);
    /// What can be read of an object that parse() refuses; the rest is left out, which allows less,
    /// never more (enforcement Deny where it is unreadable). A tenancy that became unreadable must
    /// go on governing its namespaces: admission uses this where it has no earlier version.
    static RegistryTenancy salvage(Json const& object);
    /// spec as JSON; parse(serialise(x)) == x.
    [[nodiscard]] Json spec_json() const;
    /// By name or by label; a baseline governs none. Excluded namespaces are the caller's business.
    [[nodiscard]] bool governs(std::string_view ns,
                               std::map<std::string, std::string> const& labels) const;
};

}  // namespace rt::tenancy
