#include <CLI/CLI.hpp>

#include "lib/base/log.hpp"
#include "lib/base/process.hpp"
#include "lib/base/secret.hpp"
#include "lib/kube/client/config.hpp"
#include "webhook/app.hpp"

namespace {

rt::Result<void> run(std::string const& config, std::string const& kubeconfig) {
    rt::StopOnSignal const signal;
    RT_TRY(auto settings, rt::tenancy::Settings::load(config));
    RT_TRY(auto cluster, rt::kube::find_config(kubeconfig));
    RT_TRY(auto client, rt::kube::make_client(std::move(cluster), rt::system_clock()));
    RT_TRY(auto const app, rt::webhook::App::start(std::move(settings), std::move(client),
                                                   rt::system_clock(), rt::system_random()));
    app->run(signal.token());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    rt::forbid_memory_dumps();
    CLI::App arguments("Answers the API server's admission reviews for registry-tenancy");
    std::string config = "/etc/registry-tenancy/config.yaml";
    std::string kubeconfig;
    arguments.add_option("--config", config, "settings file")->capture_default_str();
    arguments.add_option("--kubeconfig", kubeconfig, "cluster to talk to (default: in-cluster)");
    arguments.set_version_flag("--version", RT_VERSION);
    try {
        arguments.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        // Asking for help or the version is no mistake.
        return arguments.exit(error) == 0 ? 0 : 2;
    }
    auto const result = run(config, kubeconfig);
    if (!result) {
        rt::log_error("Cannot start", {{"error", result.error().message}});
    }
    rt::flush_log();
    return result ? 0 : 1;
}
