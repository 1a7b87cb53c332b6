#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace rt {

/// What the command line of a program that runs in the cluster says.
struct ProgramOptions {
    std::string config_file = "/etc/registry-tenancy/config.yaml";
    std::string kubeconfig{};  ///< empty: the ServiceAccount of the Pod
    std::string command{};     ///< a subcommand, where there are any; empty: none was given
};

/// Another thing that a program can do instead of its main one.
struct ProgramCommand {
    std::string name;
    std::string description;
};

/// Wrong usage, the same for all our programs.
inline constexpr int exit_usage = 2;

/// Reads --config, --kubeconfig, --version, --help and at most one of `commands`. Where the program
/// has to end instead of run: its exit code, after help or version were printed (0) or the mistake
/// was named on standard error (exit_usage).
[[nodiscard]] tl::expected<ProgramOptions, int> parse_command_line(
    int argc, char const* const* argv, std::string_view program, std::string_view description,
    std::vector<ProgramCommand> const& commands = {});

}  // namespace rt
