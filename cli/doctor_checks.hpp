#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/settings.hpp"

namespace rt::cli {

/// One thing that a doctor says.
struct Diagnosis {
    enum class Level {
        Fine,
        Note,     ///< worth knowing
        Problem,  ///< should be mended
        Unknown,  ///< could not be looked at
    };
    Level level = Level::Fine;
    std::string subject;
    std::string message;  ///< with the fix
};
using Diagnoses = std::vector<Diagnosis>;

// All pure: they judge objects that were read before.

/// A Deployment of ours: as many ready replicas as wanted, and more than one where one is not
/// enough.
[[nodiscard]] Diagnosis check_deployment(Json const& deployment, int replicas_min);

/// The webhook configuration: there, failing closed, not broken open.
[[nodiscard]] Diagnosis check_webhook(Json const& configuration, WallTime now);

/// Why nodes need a DaemonSet before they are ready, or empty: heuristics over its Pod template
/// (priority system-node-critical, host network, tolerations of taints that new nodes have).
[[nodiscard]] std::string why_nodes_need(Json const& daemon_set);
/// DaemonSets that nodes need in namespaces that admission judges.
[[nodiscard]] Diagnoses check_daemon_sets(std::vector<Json> const& daemon_sets,
                                          tenancy::Settings const& settings);

/// When the first certificate of a PEM text ends; nullopt where there is none.
[[nodiscard]] std::optional<WallTime> certificate_end(std::string const& pem);
/// A serving certificate (or its CA) that ends at `end`.
[[nodiscard]] Diagnosis check_certificate(std::optional<WallTime> end, WallTime now);

/// Whether the API server proves itself to the webhook.
[[nodiscard]] Diagnosis check_client_authentication(tenancy::Settings const& settings);

/// Who may change our cluster-scoped objects or our webhook configurations, by
/// ClusterRoleBindings: one note for each binding.
[[nodiscard]] Diagnoses check_writers(std::vector<Json> const& cluster_roles,
                                      std::vector<Json> const& bindings);

}  // namespace rt::cli
