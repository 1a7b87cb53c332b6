#include <CLI/CLI.hpp>
#include <memory>
#include <set>

#include "cli/break_glass.hpp"
#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/doctor_tenancy.hpp"
#include "cli/grandfather.hpp"
#include "cli/policy.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/image_reference.hpp"

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

/// Empty where the flags of policy make sense.
std::string policy_mistake(PolicyOptions const& options) {
    if (options.tenancy.empty()) {
        return "no tenancy: name a RegistryTenancy";
    }
    if (options.format != "json" && options.format != "terraform") {
        return "--cloud-format \"" + printable(options.format, 64) +
               "\" is unknown: write json or terraform";
    }
    static std::set<std::string> const documents{"",       "role",        "trust",
                                                 "caller", "callerTrust", "session"};
    if (!documents.contains(options.document)) {
        return "--document \"" + printable(options.document, 64) +
               "\" is unknown: write role, trust, caller, callerTrust or session";
    }
    return options.format == "terraform" && !options.document.empty()
               ? "--document prints JSON: leave --cloud-format terraform out"
               : std::string();
}

Command policy_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "policy",
        "Print what the clouds must be told for a tenancy to work, ready to apply and no wider "
        "than\nneeded: what its role may and whom it trusts, what the operator's own identity must "
        "be\nallowed, and the session policies that narrow it for each namespace.");
    auto const options = std::make_shared<PolicyOptions>();
    command->add_option("TENANCY", options->tenancy, "Name of the RegistryTenancy");
    command->add_option("--cloud-format", options->format, "json (default) or terraform");
    command->add_option("--document", options->document,
                        "One document alone, as the cloud takes it: role, trust, caller, "
                        "callerTrust\n(identity OIDC: who may be the operator's role) or session");
    command->add_option("--role", options->role, "Of several roles this one");
    command->add_option("--caller", options->caller,
                        "ARN of who the operator is before it assumes roles: the node's role, or "
                        "the\nuser of the AccessKey");
    command->add_option("--oidc-provider", options->oidc_provider,
                        "ARN of the cluster's OIDC provider, for identity OIDC");
    command->add_option("--cluster-name", options->cluster_name,
                        "What {cluster} stands for; else the settings' or the cluster's own");
    add_rule_flags(*command, options->world);
    auto const run = [options](Environment& env) -> Result<int> {
        if (std::string mistake = policy_mistake(*options); !mistake.empty()) {
            return usage(std::move(mistake));
        }
        return print_policies(*options, env);
    };
    return {command, {}, run};
}

struct DoctorFlags {
    TenancyDoctorOptions tenancy;
    bool install = false;
};

/// Empty where the flags of doctor make sense together.
std::string doctor_mistake(DoctorFlags const& flags) {
    TenancyDoctorOptions const& options = flags.tenancy;
    if (flags.install != options.tenancy.empty()) {
        return flags.install ? "--install is about the installation: leave the tenancy out"
                             : "what to examine? name a RegistryTenancy, or give --install";
    }
    bool const asks_more = !options.image.empty() || options.from_cluster ||
                           !options.from_node.empty() || options.role;
    if (flags.install && asks_more) {
        return "--image, --from-cluster, --from-node and --role belong to a tenancy: leave them "
               "out with --install";
    }
    if (options.role && !options.from_cluster) {
        return "--role asks with the operator's identity: add --from-cluster";
    }
    if (!options.image.empty() && !tenancy::ImageReference::parse(options.image)) {
        return "--image \"" + printable(options.image, 256) + "\" is no image reference";
    }
    return {};
}

Command doctor_command(CLI::App& app) {
    CLI::App* const command = app.add_subcommand(
        "doctor",
        "Find out why images are not pulled: what the operator says of a tenancy's credentials, "
        "then\nthe way to the registry a step at a time (DNS, TCP, TLS, /v2/, challenge, token, "
        "scope,\nmanifest), with the likely cause and fix of the first step that fails. With "
        "--install it looks\nthe installation over instead. Ends with 0 (all is well), 1 "
        "(something "
        "is wrong) or 2.");
    auto const flags = std::make_shared<DoctorFlags>();
    command->add_option("TENANCY", flags->tenancy.tenancy, "Name of the RegistryTenancy");
    command->add_option("--image", flags->tenancy.image, "Else one that is in use");
    command->add_flag("--from-cluster", flags->tenancy.from_cluster,
                      "Also from a Pod with the operator's identity, which mints a credential of "
                      "its own");
    command->add_option("--from-node", flags->tenancy.from_node,
                        "Also from this node's own network and DNS, as anybody");
    command->add_option("--node-pod-namespace", flags->tenancy.node_pod_namespace,
                        "Where that Pod runs (kube-system): one that admits the host network");
    command->add_flag("--role", flags->tenancy.role,
                      "With --from-cluster: also ask whether the role may pull more than the "
                      "tenancy allows");
    command->add_flag("--install", flags->install, "Examine the installation");
    command->add_option("--config", flags->tenancy.world.settings_file,
                        "The programs' settings file; else the cluster's");
    add_cluster_flags(*command, flags->tenancy.world.cluster);
    auto const run = [flags](Environment& env) -> Result<int> {
        if (std::string mistake = doctor_mistake(*flags); !mistake.empty()) {
            return usage(std::move(mistake));
        }
        return flags->install ? doctor_install({flags->tenancy.world}, env)
                              : doctor_tenancy(flags->tenancy, env);
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
    return {break_glass_command(app), grandfather_command(app), policy_command(app),
            doctor_command(app), completion_command(app)};
}

}  // namespace rt::cli
