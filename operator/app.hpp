#pragma once

#include <string>

namespace rt::op {

/// What the command line says.
struct AppOptions {
    std::string config_file = "/etc/registry-tenancy/config.yaml";
    std::string kubeconfig{};  ///< empty: in-cluster
};

/// Exit codes, so that a crash loop's cause shows in `kubectl describe`.
enum ExitCode : int {
    ExitClean = 0,
    ExitConfiguration = 1,
    ExitUsage = 2,
    ExitLeaseLost = 3,
};

/// Keeps every RegistryTenancy true until SIGTERM: leader election, then TenancyOperator.
[[nodiscard]] int run_operator(AppOptions const& options);
/// Keeps the webhook's serving certificate and configurations until SIGTERM.
[[nodiscard]] int run_publisher(AppOptions const& options);

}  // namespace rt::op
