#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
/// The key alone: cheaper where nothing else is read.
[[nodiscard]] ObjectKey key_of(Json const& object);

/// metav1.LabelSelector, parsed: every requirement must hold. `In` and `NotIn` follow the API
/// server: an object without the label is outside every set, so `NotIn` holds for it.
class LabelSelector {
  public:
    /// InvalidArgument with `pointer` as the field's path where a field or operator is unknown, a
    /// set is empty where it must not be, or a key or value could never be a label.
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
    validating_webhook_configurations, registries, registry_tenancies, registry_exceptions,
    registry_grants;
}

}  // namespace rt::kube

template <>
struct std::hash<rt::kube::ObjectKey> {
    std::size_t operator()(rt::kube::ObjectKey const& key) const noexcept {
        std::size_t const ns = std::hash<std::string>{}(key.ns);
        return std::hash<std::string>{}(key.name) ^ (ns * 0x9e3779b97f4a7c15ULL);
    }
};
