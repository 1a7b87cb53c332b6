#pragma once

#include "lib/base/command_line.hpp"

namespace rt::op {

/// Exit codes, so that a crash loop's cause shows in `kubectl describe`.
enum ExitCode : int {
    ExitClean = 0,
    ExitConfiguration = 1,
    ExitUsage = exit_usage,
    ExitLeaseLost = 3,
};

/// Keeps every RegistryTenancy true until SIGTERM: leader election, then TenancyOperator.
[[nodiscard]] int run_operator(ProgramOptions const& options);
/// Mints the credentials of one namespace once, walks to the registry with them, tells each step as
/// a line of JSON on standard output and throws away what it got (operator/doctor). The request
/// stands in the environment.
[[nodiscard]] int run_doctor(ProgramOptions const& options);
/// Keeps the webhook's serving certificate and configurations until SIGTERM.
[[nodiscard]] int run_publisher(ProgramOptions const& options);

}  // namespace rt::op
