#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "cli/commands.hpp"
#include "cli/doctor_pods.hpp"
#include "lib/base/environment.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

constexpr std::string_view program = "kubectl tenancy";

int usage_error(std::FILE* err, std::string const& message, CLI::App const& command) {
    std::string path;
    for (CLI::App const* app = &command; app->get_parent() != nullptr; app = app->get_parent()) {
        path = ' ' + app->get_name() + path;
    }
    print(err, "error: " + message + "\ntry: " + std::string(program) + path + " --help\n");
    return ExitUsage;
}

/// The command that was named, as far as it was.
CLI::App const& innermost(CLI::App const& app) {
    auto const named = app.get_subcommands();
    return named.empty() ? app : innermost(*named.front());
}

std::vector<std::string> command_names(CLI::App const& app) {
    std::vector<std::string> names;
    for (auto const* const command : app.get_subcommands([](CLI::App const*) { return true; })) {
        names.push_back(command->get_name());
    }
    return names;
}

std::string known_commands(CLI::App const& app) {
    return join(command_names(app), ", ");
}

/// "did you mean --version?" among the commands or flags of `app`.
std::string hint(CLI::App const& app, std::string const& word) {
    bool const flag = word.starts_with('-');
    std::vector<std::string> known;
    if (flag) {
        for (auto const* const option : app.get_options()) {
            for (auto const& name : option->get_lnames()) {
                known.push_back("--" + name);
            }
        }
    } else {
        known = command_names(app);
    }
    std::vector<std::string_view> const candidates(known.begin(), known.end());
    std::string const bare = word.substr(0, word.find('='));
    std::string_view const meant = nearest(bare, candidates);
    if (!meant.empty()) {
        return ": did you mean " + std::string(meant) + '?';
    }
    if (known.empty()) {
        return ": leave it out";
    }
    return flag ? std::string(": an argument that begins with '-' stands after --")
                : ": known here are " + join(known, ", ");
}

/// The first word that nobody took, as an error; 0 where all were taken.
int refuse_leftovers(CLI::App const& app, std::FILE* err) {
    for (auto const& word : app.remaining(false)) {
        std::string const kind = word.starts_with('-')        ? "flag"
                                 : command_names(app).empty() ? "argument"
                                                              : "command";
        return usage_error(
            err, "unknown " + kind + " \"" + printable(word, 128) + '"' + hint(app, word), app);
    }
    for (auto const* const command : app.get_subcommands()) {
        if (int const code = refuse_leftovers(*command, err); code != 0) {
            return code;
        }
    }
    return 0;
}

}  // namespace

int run(std::span<std::string const> arguments, std::FILE* in, std::FILE* out, std::FILE* err) {
    Environment env = real_environment(in, out, err);
    return run(arguments, env);
}

int run(std::span<std::string const> arguments, Environment& env) {
    CLI::App app("kubectl-tenancy: what the registry-tenancy webhook thinks, on the command line.",
                 std::string(program));
    app.set_version_flag("--version", "kubectl-tenancy " RT_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.allow_extras();
    std::vector<Command> const commands = add_commands(app);

    if (!arguments.empty() && arguments.front() == "__complete") {
        print(env.out, complete(tree_of(app), arguments.subspan(1)));
        return ExitOk;
    }

    // What runs in the Pod of `doctor --from-node`.
    if (!arguments.empty() && arguments.front() == "__walk") {
        return walk_here(environment_variable("REGISTRY_TENANCY_WALK"), env);
    }

    // What stands after "--" is taken literally. CLI11 would hand it to the outermost command.
    auto const marker = std::find(arguments.begin(), arguments.end(), "--");
    std::vector<std::string> const literals(marker == arguments.end() ? marker : std::next(marker),
                                            arguments.end());
    try {
        // CLI11 takes the arguments from the back.
        std::vector<std::string> reversed(std::make_reverse_iterator(marker), arguments.rend());
        app.parse(std::move(reversed));
    } catch (CLI::CallForHelp const&) {
        print(env.out, app.help());  // of the innermost command named
        return ExitOk;
    } catch (CLI::CallForVersion const&) {
        print(env.out, "kubectl-tenancy " RT_VERSION "\n");
        return ExitOk;
    } catch (CLI::Error const& error) {
        return usage_error(env.err, printable(error.what(), 512), innermost(app));
    }
    if (int const code = refuse_leftovers(app, env.err); code != 0) {
        return code;
    }
    for (Command const& command : commands) {
        if (!command.app->parsed()) {
            continue;
        }
        if (!literals.empty() && !command.take_literals) {
            return usage_error(env.err, "\"--\" has no meaning here: leave it out", *command.app);
        }
        if (!literals.empty()) {
            command.take_literals(literals);
        }
        auto const result = command.run(env);
        return result ? *result : usage_error(env.err, result.error().message, *command.app);
    }
    CLI::App const& last = innermost(app);
    return usage_error(env.err, "a command is missing: known here are " + known_commands(last),
                       last);
}

}  // namespace rt::cli
