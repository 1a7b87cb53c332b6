#include <CLI/CLI.hpp>
#include <memory>

#include "cli/break_glass.hpp"
#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/grandfather.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"

namespace rt::cli {
namespace {

/// nullopt-like: empty where the flags of break-glass make sense together.
std::string break_glass_mistake(BreakGlassOptions const& options) {
    if (options.webhook == !options.ns.empty()) {
        return options.webhook ? "--webhook is for the whole cluster: leave the namespace out"
                               : "what to open? name a NAMESPACE, or give --webhook where no "
                                 "webhook answers";
    }
    if (!options.webhook && !tenancy::is_dns_label(options.ns)) {
        return '"' + printable(options.ns, 64) + "\" is no namespace: name one";
    }
    if (options.end) {
        return {};
    }
    if (options.lifetime.empty()) {
        return "--for is missing: say how long, for example --for 1h";
    }
    if (options.reason.empty()) {
        return "--reason is missing: say why, for those who read it afterwards";
    }
    if (options.webhook && (!options.images.empty() || !options.ticket.empty())) {
        return "--image and --ticket belong to a namespace: leave them out with --webhook";
    }
    return {};
}

Command break_glass_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "break-glass",
        "In an emergency: let a namespace run any image for a while (creates a RegistryException), "
        "or,\nwith --webhook, let Pods of the whole cluster through while no webhook answers.\n"
        "What a registry gives out does not change.");
    auto const options = std::make_shared<BreakGlassOptions>();
    command->add_option("NAMESPACE", options->ns, "The namespace to open");
    command->add_flag("--webhook", options->webhook,
                      "Turn failurePolicy to Ignore instead; works while webhook and publisher "
                      "are down");
    command->add_option("--for", options->lifetime, "How long: 30m, 1h, 2d");
    command->add_option("--reason", options->reason, "Why; kept for the record");
    command->add_option("--ticket", options->ticket, "Where it is tracked");
    add_list(*command, "--image", options->images,
             "Open only this image's repository (with a digest: only that). Repeatable.");
    command->add_flag("--end", options->end, "End it now");
    command->add_flag("--dry-run", options->dry_run,
                      "Print the RegistryException instead of creating it");
    // The namespace is the argument here; -n would be a second one.
    add_cluster_flags(*command, options->cluster);
    command->remove_option(command->get_option("--namespace"));
    auto const run = [options](Environment& env) -> Result<int> {
        if (std::string mistake = break_glass_mistake(*options); !mistake.empty()) {
            return usage(std::move(mistake));
        }
        return break_glass(*options, env);
    };
    return {command, {}, run};
}

Command grandfather_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "grandfather",
        "Print RegistryExceptions (YAML) for every image that runs or could start in a tenancy's\n"
        "namespaces outside what is allowed: Pods, templates, CronJobs, workloads scaled to zero. "
        "So\ngoing from Audit to Deny breaks nobody at the next node drain.");
    auto const options = std::make_shared<GrandfatherOptions>();
    command->add_option("TENANCY", options->tenancy, "Name of the RegistryTenancy");
    command->add_option("--for", options->lifetime, "How long they live: 30d");
    command->add_option("--reason", options->reason, "Else: in use on DATE, before ...");
    command->add_option("--config", options->world.settings_file,
                        "The programs' settings file; else the cluster's");
    add_cluster_flags(*command, options->world.cluster);
    command->remove_option(command->get_option("--namespace"));
    auto const run = [options](Environment& env) -> Result<int> {
        if (options->tenancy.empty()) {
            return usage("no tenancy: name a RegistryTenancy");
        }
        if (options->lifetime.empty()) {
            return usage(
                "--for is missing: say how long the exceptions live, for example "
                "--for 30d");
        }
        return grandfather(*options, env);
    };
    return {command, {}, run};
}

Command doctor_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "doctor",
        "Look the installation over: replicas, certificate, what nodes need and no exclusion "
        "covers,\nwhether the API server proves itself, who may change our objects. Ends with 0 "
        "(no problem)\nor 1.");
    struct Options {
        DoctorOptions doctor;
        bool install = false;
    };
    auto const options = std::make_shared<Options>();
    command->add_flag("--install", options->install, "Examine the installation");
    command->add_option("--config", options->doctor.world.settings_file,
                        "The programs' settings file; else the cluster's");
    add_cluster_flags(*command, options->doctor.world.cluster);
    auto const run = [options](Environment& env) -> Result<int> {
        if (!options->install) {
            return usage("what to examine? give --install");
        }
        return doctor_install(options->doctor, env);
    };
    return {command, {}, run};
}

Command completion_command(CLI::App& app) {
    CLI::App* const command =
        app.add_subcommand("completion", "Print a script that completes commands and flags");
    auto const shell = std::make_shared<std::string>();
    command->add_option("SHELL", *shell, "bash, zsh or fish");
    auto const run = [shell](Environment& env) -> Result<int> {
        auto const script = completion_script(*shell);
        if (!script) {
            return usage("name a shell: bash, zsh or fish");
        }
        return print(env.out, *script) ? int{ExitOk} : int{ExitFailed};
    };
    return {command, {}, run};
}

}  // namespace

std::vector<Command> add_admin_commands(CLI::App& app) {
    return {break_glass_command(app), grandfather_command(app), doctor_command(app),
            completion_command(app)};
}

}  // namespace rt::cli
