#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/settings.hpp"

namespace rt::op::publish {

inline constexpr std::string_view webhook_service = "registry-tenancy-webhook";
inline constexpr std::string_view webhook_cluster_role = "registry-tenancy-webhook";
inline constexpr std::string_view configuration_name = "registry-tenancy";
inline constexpr std::string_view resources_configuration_name = "registry-tenancy-resources";
/// On the ValidatingWebhookConfiguration `registry-tenancy`: an RFC 3339 time until which
/// failurePolicy is Ignore. Written by people in an emergency; see SECURITY.md.
inline constexpr std::string_view break_glass_annotation = "registrytenancy.dev/break-glass-until";

struct ConfigurationInputs {
    tenancy::Settings const* settings = nullptr;
    std::string ca_bundle_pem;
    std::string
        cluster_role_uid;  ///< the owner: deleting the ClusterRole removes the configurations
    bool break_glass = false;
};

/// The three webhook configurations in the order in which they are applied: mutating first, because
/// Pods that the validating one asks for their Secret must be able to get it; then validating, then
/// the one for our own resources. Rules come from the table the webhook extracts images with
/// (lib/tenancy/image_doors.hpp).
[[nodiscard]] std::vector<Json> make_configurations(ConfigurationInputs const& inputs);

/// True while the annotation names a time that is still to come. An unreadable value is ignored.
[[nodiscard]] bool break_glass_active(Json const& validating_configuration, WallTime now);

/// The caBundles of all webhooks of a configuration, decoded.
[[nodiscard]] std::vector<std::string> ca_bundles_of(Json const& configuration);

}  // namespace rt::op::publish
