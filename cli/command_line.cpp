#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "cli/image_parse.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

constexpr std::string_view program = "kubectl tenancy";

void print(std::FILE* stream, std::string const& text) {
    // Nothing more can be done about a terminal that went away.
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
}

int usage_error(std::FILE* err, std::string const& message, CLI::App const& command) {
    std::string path;
    for (CLI::App const* app = &command; app->get_parent() != nullptr; app = app->get_parent()) {
        path = ' ' + app->get_name() + path;
    }
    print(err, "error: " + message + "\ntry: " + std::string(program) + path + " --help\n");
    return ExitUsage;
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
        for (auto const* const command :
             app.get_subcommands([](CLI::App const*) { return true; })) {
            known.push_back(command->get_name());
        }
    }
    std::vector<std::string_view> const candidates(known.begin(), known.end());
    std::string const bare = word.substr(0, word.find('='));
    std::string_view const meant = nearest(bare, candidates);
    if (!meant.empty()) {
        return ": did you mean " + std::string(meant) + '?';
    }
    return flag ? std::string(": an argument that begins with '-' stands after --")
                : ": known here are " + join(known, ", ");
}

/// The first word that nobody took, as an error; 0 where all were taken.
int refuse_leftovers(CLI::App const& app, std::FILE* err) {
    for (auto const& word : app.remaining(false)) {
        std::string const kind = word.starts_with('-') ? "flag" : "command";
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
    CLI::App app("kubectl-tenancy: what the registry-tenancy webhook thinks, on the command line.",
                 std::string(program));
    app.set_version_flag("--version", "kubectl-tenancy " RT_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.allow_extras();

    CLI::App* const image = app.add_subcommand("image", "Work with image references");
    image->allow_extras();
    CLI::App* const parse = image->add_subcommand(
        "parse",
        "Read image references as the webhook does and print one JSON object a line, in the same\n"
        "order: registry, repository, tag, digest, and canonical (what a container runtime "
        "pulls),\n"
        "or valid:false with the error. Ends with 0 whether or not all of them are valid.");
    parse->allow_extras();
    std::vector<std::string> references;
    parse->add_option("REFERENCE", references,
                      "Image references; or - alone to read one JSON string a line from standard "
                      "input.\nWrite -- before a reference that begins with '-'.");

    // What stands after "--" is taken literally. CLI11 would hand it to the outermost command.
    auto const marker = std::find(arguments.begin(), arguments.end(), "--");
    bool const has_literals = marker != arguments.end();
    try {
        // CLI11 takes the arguments from the back.
        std::vector<std::string> reversed(std::make_reverse_iterator(marker), arguments.rend());
        app.parse(std::move(reversed));
    } catch (CLI::CallForHelp const&) {
        print(out, app.help());  // of the innermost command named
        return ExitOk;
    } catch (CLI::CallForVersion const&) {
        print(out, "kubectl-tenancy " RT_VERSION "\n");
        return ExitOk;
    } catch (CLI::Error const& error) {
        return usage_error(err, printable(error.what(), 512), app);
    }
    if (int const code = refuse_leftovers(app, err); code != 0) {
        return code;
    }
    if (!image->parsed()) {
        return usage_error(err, "a command is missing: known here are image", app);
    }
    if (!parse->parsed()) {
        return usage_error(err, "a command is missing: known here are parse", *image);
    }
    bool const from_input =
        std::find(references.begin(), references.end(), "-") != references.end();
    if (has_literals) {
        references.insert(references.end(), marker + 1, arguments.end());
    }
    if (references.empty()) {
        return usage_error(
            err, "no image reference: give at least one, or - to read standard input", *parse);
    }
    if (from_input && references.size() > 1) {
        return usage_error(err, "- stands alone: give either references or -", *parse);
    }
    bool const written = from_input ? parse_images_from(in, out) : parse_images(references, out);
    if (!written) {
        print(err, "error: cannot write the result to standard output\n");
        return ExitFailed;
    }
    return ExitOk;
}

}  // namespace rt::cli
