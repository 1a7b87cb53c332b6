#include <CLI/CLI.hpp>
#include <cstdio>

#include "lib/base/secret.hpp"
#include "operator/app.hpp"

namespace {

int run(int argc, char** argv) {
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
        return app.exit(error) == 0 ? rt::op::ExitClean : rt::op::ExitUsage;
    }
    return publish->parsed() ? rt::op::run_publisher(options) : rt::op::run_operator(options);
}

}  // namespace

int main(int argc, char** argv) {
    rt::forbid_memory_dumps();
    try {
        return run(argc, argv);
    } catch (std::exception const& error) {
        // Nothing of ours throws; what a library throws at the start ends here.
        static_cast<void>(std::fprintf(stderr, "registry-tenancy-operator: %s\n", error.what()));
        return rt::op::ExitConfiguration;
    }
}
