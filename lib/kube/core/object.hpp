#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/base/result.hpp"

namespace rt::kube {

/// A resource type as it stands in URLs, e.g. {"apps", "v1", "deployments", "Deployment", true}.
struct ResourceType {
    std::string group;  ///< empty for the core group
    std::string version;
    std::string plural;
    std::string kind;
    bool namespaced = true;

    /// "v1" or "apps/v1".
    [[nodiscard]] std::string api_version() const;
    auto operator<=>(ResourceType const&) const = default;
};

/// namespace and name; namespace is empty for cluster-scoped objects.
struct ObjectKey {
    std::string ns;
    std::string name;

    /// "name" or "namespace/name".
    [[nodiscard]] std::string str() const;
    auto operator<=>(ObjectKey const&) const = default;
};

struct OwnerReference {
    std::string api_version;
    std::string kind;
    std::string name;
    std::string uid;
    bool controller = false;
};

/// metav1.ObjectMeta, as far as we read it.
struct ObjectMeta {
    std::string name;
    std::string ns;
    std::string uid;
    std::string resource_version;
    std::int64_t generation = 0;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    std::optional<WallTime> creation_timestamp;
    std::optional<WallTime> deletion_timestamp;
    std::optional<OwnerReference> controller;

    [[nodiscard]] ObjectKey key() const { return {ns, name}; }
    [[nodiscard]] bool being_deleted() const { return deletion_timestamp.has_value(); }
};

/// Reads metadata of any object; total: what is missing or of the wrong type is left empty, because
/// the API server has already validated it.
[[nodiscard]] ObjectMeta meta_of(Json const& object);

/// metav1.LabelSelector, parsed.
class LabelSelector {
  public:
    /// InvalidArgument with `pointer` as the field's path where an operator or a value is unknown.
    static Result<LabelSelector> parse(Json const& selector, std::string_view pointer);
    [[nodiscard]] bool matches(std::map<std::string, std::string> const& labels) const;
    /// True where it has no requirement at all (and so would match everything).
    [[nodiscard]] bool empty() const { return requirements_.empty(); }

    enum class Operator { In, NotIn, Exists, DoesNotExist };
    struct Requirement {
        std::string key;
        Operator op = Operator::Exists;
        std::vector<std::string> values;
        bool operator==(Requirement const&) const = default;
    };
    [[nodiscard]] std::vector<Requirement> const& requirements() const { return requirements_; }
    bool operator==(LabelSelector const&) const = default;

  private:
    std::vector<Requirement> requirements_;
};

/// The resource types that we talk about.
namespace types {
extern ResourceType const pods, namespaces, secrets, events, service_accounts, leases,
    endpoint_slices, cluster_roles, mutating_webhook_configurations,
    validating_webhook_configurations, registries, registry_tenancies, registry_grants;
}

}  // namespace rt::kube
