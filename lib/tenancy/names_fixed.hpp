#pragma once

#include <string_view>

/// Names that other parts of the system (manifests, RBAC by resourceNames, documentation) rely on.
namespace rt::tenancy {

inline constexpr std::string_view api_group = "registrytenancy.dev";
inline constexpr std::string_view api_version = "registrytenancy.dev/v1alpha1";
inline constexpr std::string_view pull_secret_name = "registry-tenancy";
inline constexpr std::string_view grant_name = "effective";
inline constexpr std::string_view field_manager = "registry-tenancy-operator";
inline constexpr std::string_view managed_by_label = "app.kubernetes.io/managed-by";
inline constexpr std::string_view managed_by_value = "registry-tenancy-operator";
/// The ServiceAccount in the operator's namespace that stands for governed namespace X is "ns-X",
/// and this label on it says X. Trust policies of clouds name it.
inline constexpr std::string_view service_account_prefix = "ns-";
inline constexpr std::string_view namespace_label = "registrytenancy.dev/namespace";
inline constexpr std::string_view credentials_annotation = "registrytenancy.dev/credentials";

}  // namespace rt::tenancy
