#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/completion.hpp"
#include "cli/environment.hpp"
#include "cli/world.hpp"
#include "lib/base/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace rt::cli {

/// A command that can be run, with what its flags are parsed into.
struct Command {
    CLI::App* app;
    /// Takes what stands after "--"; empty where the command has no use for it.
    std::function<void(std::vector<std::string> const& literals)> take_literals;
    /// An exit code, or an error of usage (InvalidArgument) that the caller shows with the
    /// command's name.
    std::function<Result<int>(Environment& env)> run;
};

/// Adds all commands to `app`.
[[nodiscard]] std::vector<Command> add_commands(CLI::App& app);
/// Those that change a cluster or look after one: break-glass, grandfather, policy, doctor.
[[nodiscard]] std::vector<Command> add_admin_commands(CLI::App& app);
/// Commands and flags of `app`, for completion.
[[nodiscard]] CommandTree tree_of(CLI::App const& app);

/// --tenancy, --config and the cluster's flags: where a command takes its rules from.
void add_rule_flags(CLI::App& app, WorldSources& sources);
/// An option that may be given several times, one value each.
void add_list(CLI::App& app, std::string const& name, std::vector<std::string>& values,
              std::string const& help);
/// A mistake on the command line, as Command::run returns it.
[[nodiscard]] Result<int> usage(std::string message);

/// Adds a command's --kubeconfig, --context and so on, in a group of their own.
void add_cluster_flags(CLI::App& app, ClusterFlags& flags);

}  // namespace rt::cli
