#include <CLI/CLI.hpp>

#include "lib/base/secret.hpp"
#include "operator/app.hpp"

int main(int argc, char** argv) {
    rt::forbid_memory_dumps();
    rt::op::AppOptions options;
    CLI::App app(
        "Keeps every RegistryTenancy true: mints registry credentials and writes pull "
        "Secrets and RegistryGrants.",
        "registry-tenancy-operator");
    app.set_version_flag("--version", RT_VERSION);
    app.add_option("--config", options.config_file, "Settings file (YAML)")->capture_default_str();
    app.add_option("--kubeconfig", options.kubeconfig,
                   "kubeconfig file; without it the ServiceAccount of the Pod");
    CLI::App* publish = app.add_subcommand(
        "publish-webhook",
        "Instead: keeps the webhook's serving certificate and the webhook configurations.");
    publish->fallthrough();
    app.require_subcommand(0, 1);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        // Asking for help or the version is no mistake.
        return app.exit(error) == 0 ? rt::op::exit_clean : rt::op::exit_usage;
    }
    return publish->parsed() ? rt::op::run_publisher(options) : rt::op::run_operator(options);
}
