#include "lib/base/command_line.hpp"

#include <CLI/CLI.hpp>

namespace rt {

tl::expected<ProgramOptions, int> parse_command_line(int argc, char const* const* argv,
                                                     std::string_view program,
                                                     std::string_view description,
                                                     std::vector<ProgramCommand> const& commands) {
    ProgramOptions options;
    CLI::App app{std::string(description), std::string(program)};
    app.set_version_flag("--version", RT_VERSION);
    app.add_option("--config", options.config_file, "Settings file (YAML)")->capture_default_str();
    app.add_option("--kubeconfig", options.kubeconfig,
                   "kubeconfig file; without it the ServiceAccount of the Pod");
    for (ProgramCommand const& command : commands) {
        app.add_subcommand(command.name, command.description)->fallthrough();
    }
    app.require_subcommand(0, 1);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        // Asking for help or the version is no mistake.
        return tl::unexpected(app.exit(error) == 0 ? 0 : exit_usage);
    }
    for (CLI::App const* const command : app.get_subcommands()) {
        options.command = command->get_name();
    }
    return options;
}

}  // namespace rt
