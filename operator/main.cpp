#include <cstdio>
#include <exception>

#include "lib/base/command_line.hpp"
#include "lib/base/secret.hpp"
#include "operator/app.hpp"

namespace {

int run(int argc, char** argv) {
    auto const options = rt::parse_command_line(
        argc, argv, "registry-tenancy-operator",
        "Keeps every RegistryTenancy true: mints registry credentials and writes pull Secrets and "
        "RegistryGrants.",
        {{"publish-webhook",
          "Instead: keeps the webhook's serving certificate and the webhook configurations."},
         {"doctor",
          "Instead: looks once, for `kubectl tenancy doctor --from-cluster`, how a tenancy's "
          "credentials are made and what they can pull."}});
    if (!options) {
        return options.error();
    }
    if (options->command == "doctor") {
        return rt::op::run_doctor(*options);
    }
    return options->command.empty() ? rt::op::run_operator(*options)
                                    : rt::op::run_publisher(*options);
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
