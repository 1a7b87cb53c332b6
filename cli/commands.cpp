#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/check.hpp"
#include "cli/diff.hpp"
#include "cli/explain.hpp"
#include "cli/grants.hpp"
#include "cli/image_parse.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

/// -o of commands that print text or JSON.
Result<bool> wants_json(std::string const& format) {
    if (format == "json" || format == "text") {
        return format == "json";
    }
    return fail(
        invalid_argument("-o \"" + printable(format, 64) + "\" is unknown: write text or json"));
}

Command image_parse(CLI::App& app) {
    CLI::App* const image = app.add_subcommand("image", "Work with image references");
    image->allow_extras();
    CLI::App* const parse = image->add_subcommand(
        "parse",
        "Read image references as the webhook does and print one JSON object a line, in the same\n"
        "order: registry, repository, tag, digest, and canonical (what a container runtime "
        "pulls),\n"
        "or valid:false with the error. Ends with 0 whether or not all of them are valid.");
    struct Options {
        std::vector<std::string> references;
        std::vector<std::string> literals;
    };
    auto const options = std::make_shared<Options>();
    parse->add_option("REFERENCE", options->references,
                      "Image references; or - alone to read one JSON string a line from standard "
                      "input.\nWrite -- before a reference that begins with '-'.");
    auto const run = [options](Environment& env) -> Result<int> {
        auto references = options->references;
        bool const from_input =
            std::find(references.begin(), references.end(), "-") != references.end();
        references.insert(references.end(), options->literals.begin(), options->literals.end());
        if (references.empty()) {
            return usage("no image reference: give at least one, or - to read standard input");
        }
        if (from_input && references.size() > 1) {
            return usage("- stands alone: give either references or -");
        }
        bool const written =
            from_input ? parse_images_from(env.in, env.out) : parse_images(references, env.out);
        return written ? int{ExitOk}
                       : report_error(env, "cannot write the result to standard output");
    };
    return {parse, [options](auto const& literals) { options->literals = literals; }, run};
}

Command check_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "check",
        "Judge rendered manifests as the webhook would: every image of every Pod and workload.\n"
        "Ends with 0 where all images are allowed, 1 where one is denied, 2 where one could not "
        "be\njudged. Rules come from the cluster, or from files with --tenancy.");
    struct Options {
        CheckOptions check;
        std::string format = "text";
    };
    auto const options = std::make_shared<Options>();
    add_list(*command, "-f,--filename", options->check.manifests.files,
             "File, folder, or - for standard input. Repeatable.");
    add_list(*command, "-k,--kustomize", options->check.manifests.kustomizations,
             "Folder to render with kubectl kustomize. Repeatable.");
    command->add_flag("-R,--recursive", options->check.manifests.recursive,
                      "Look into the folders of folders");
    command->add_option("-o,--output", options->format, "text, json, sarif, junit or github");
    add_rule_flags(*command, options->check.world);
    auto const run = [options](Environment& env) -> Result<int> {
        auto& check_options = options->check;
        auto const format = report_format(options->format);
        if (!format) {
            return usage("-o \"" + printable(options->format, 64) +
                         "\" is unknown: write text, json, sarif, junit or github");
        }
        if (check_options.manifests.files.empty() &&
            check_options.manifests.kustomizations.empty()) {
            return usage("nothing to check: name manifests with -f FILE|DIR|- or -k DIR");
        }
        check_options.format = *format;
        check_options.world.recursive = check_options.manifests.recursive;
        return check(check_options, env);
    };
    return {command, {}, run};
}

Command explain_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "explain",
        "Tell how an image fares in a namespace: how it is read, what allows or denies it, what "
        "is\nnear it, and with which key of the pull Secret a node would pull it, until when. "
        "Ends with\n0 (allowed), 1 (denied) or 2 (could not judge).");
    struct Options {
        ExplainOptions explain;
        std::string format = "text";
    };
    auto const options = std::make_shared<Options>();
    command->add_option("IMAGE", options->explain.image, "An image reference");
    command->add_option("-o,--output", options->format, "text or json");
    add_rule_flags(*command, options->explain.world);
    auto const run = [options](Environment& env) -> Result<int> {
        if (options->explain.image.empty()) {
            return usage("no image: name one, for example registry.example.com/team/app:1");
        }
        RT_TRY(options->explain.json, wants_json(options->format));
        return explain_image(options->explain, env);
    };
    return {command, {}, run};
}

Command who_can_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "who-can", "List the namespaces that may run an image, and the tenancies behind it");
    struct Options {
        WhoCanOptions who_can;
        std::string format = "text";
    };
    auto const options = std::make_shared<Options>();
    command->add_option("IMAGE", options->who_can.image, "An image reference");
    command->add_option("-o,--output", options->format, "text or json");
    add_rule_flags(*command, options->who_can.world);
    auto const run = [options](Environment& env) -> Result<int> {
        if (options->who_can.image.empty()) {
            return usage("no image: name one, for example registry.example.com/team/app:1");
        }
        RT_TRY(options->who_can.json, wants_json(options->format));
        return who_can(options->who_can, env);
    };
    return {command, {}, run};
}

Command grants_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "grants", "Show what namespaces may pull: a table of all, or with -n everything about one");
    struct Options {
        GrantsOptions grants;
        std::string format = "text";
    };
    auto const options = std::make_shared<Options>();
    command->add_option("-o,--output", options->format, "text or json");
    add_rule_flags(*command, options->grants.world);
    auto const run = [options](Environment& env) -> Result<int> {
        RT_TRY(options->grants.json, wants_json(options->format));
        return show_grants(options->grants, env);
    };
    return {command, {}, run};
}

Command diff_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "diff",
        "Tell what changed Registries, tenancies and exceptions would newly deny and newly "
        "allow,\nin which namespaces, and which workloads they would hit. Ends with 0 (nothing "
        "changes),\n1 (something does) or 2 (could not be told).");
    auto const options = std::make_shared<DiffOptions>();
    add_list(*command, "-f,--filename", options->files,
             "File, folder, or - with the changed objects. Repeatable.");
    add_list(*command, "--delete", options->deleted,
             "A RegistryTenancy that would be deleted. Repeatable.");
    command->add_flag("-R,--recursive", options->world.recursive,
                      "Look into the folders of folders");
    add_rule_flags(*command, options->world);
    auto const run = [options](Environment& env) -> Result<int> {
        if (options->files.empty() && options->deleted.empty()) {
            return usage(
                "no change: name the changed objects with -f FILE|DIR|-, or a tenancy "
                "with --delete");
        }
        return diff(*options, env);
    };
    return {command, {}, run};
}

}  // namespace

Result<int> usage(std::string message) {
    return fail(invalid_argument(std::move(message)));
}

void add_list(CLI::App& app, std::string const& name, std::vector<std::string>& values,
              std::string const& help) {
    app.add_option(name, values, help)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_rule_flags(CLI::App& app, WorldSources& sources) {
    add_list(app, "--tenancy", sources.tenancy_files,
             "File or folder with Registries, RegistryTenancies, RegistryExceptions and\n"
             "Namespaces (for their labels): judge by these, without a cluster. Repeatable.");
    app.add_option("--config", sources.settings_file,
                   "The programs' settings file (unmanagedNamespaces and excludedNamespaces "
                   "count);\nelse ConfigMap registry-tenancy-config, among the files or in the "
                   "cluster");
    add_cluster_flags(app, sources.cluster);
}

CommandTree tree_of(CLI::App const& app) {
    CommandTree tree;
    tree.name = app.get_name();
    for (auto const* const option : app.get_options()) {
        for (std::string const& name : option->get_lnames()) {
            tree.flags.push_back("--" + name);
        }
    }
    for (auto const* const command : app.get_subcommands([](CLI::App const*) { return true; })) {
        tree.commands.push_back(tree_of(*command));
    }
    return tree;
}

void add_cluster_flags(CLI::App& app, ClusterFlags& flags) {
    constexpr char const* group = "Cluster";
    app.add_option("-n,--namespace", flags.ns, "The namespace; else the context's")->group(group);
    app.add_option("--kubeconfig", flags.kubeconfig, "Else $KUBECONFIG, else ~/.kube/config")
        ->group(group);
    app.add_option("--context", flags.context, "Else the current one")->group(group);
    app.add_option("--cluster", flags.cluster, "Else the context's")->group(group);
    app.add_option("--user", flags.user, "Else the context's")->group(group);
    app.add_option("--as", flags.as, "The user to impersonate")->group(group);
    add_list(app, "--as-group", flags.as_groups, "A group to impersonate; repeatable");
    app.get_option("--as-group")->group(group);
    app.add_option("--request-timeout", flags.request_timeout,
                   "The longest that one request may take, for example 30s")
        ->group(group);
}

std::vector<Command> add_commands(CLI::App& app) {
    std::vector<Command> commands{check_command(app), explain_command(app), who_can_command(app),
                                  grants_command(app), diff_command(app)};
    for (Command& command : add_admin_commands(app)) {
        commands.push_back(std::move(command));
    }
    commands.push_back(image_parse(app));
    for (Command const& command : commands) {
        command.app->allow_extras();
    }
    return commands;
}

}  // namespace rt::cli
