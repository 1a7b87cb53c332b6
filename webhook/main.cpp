#include "lib/base/command_line.hpp"
#include "lib/base/log.hpp"
#include "lib/base/process.hpp"
#include "lib/base/secret.hpp"
#include "lib/kube/client/config.hpp"
#include "webhook/app.hpp"

namespace {

rt::Result<void> run(rt::ProgramOptions const& options) {
    rt::StopOnSignal const signal;
    RT_TRY(auto settings, rt::tenancy::Settings::load(options.config_file));
    RT_TRY(auto cluster, rt::kube::find_config(options.kubeconfig));
    RT_TRY(auto client, rt::kube::make_client(std::move(cluster), rt::system_clock()));
    RT_TRY(auto const app, rt::webhook::App::start(std::move(settings), std::move(client),
                                                   rt::system_clock(), rt::system_random()));
    app->run(signal.token());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    rt::forbid_memory_dumps();
    auto const options =
        rt::parse_command_line(argc, argv, "registry-tenancy-webhook",
                               "Answers the API server's admission reviews for registry-tenancy.");
    if (!options) {
        return options.error();
    }
    auto const result = run(*options);
    if (!result) {
        rt::log_error("Cannot start", {{"error", result.error().message}});
    }
    rt::flush_log();
    return result ? 0 : 1;
}
