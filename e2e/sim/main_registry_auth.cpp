#include "e2e/sim/common/server.hpp"
#include "e2e/sim/registry_auth.hpp"

int main(int argc, char** argv) {
    sim::Kind const kind{"auth", "sim-registry-auth", "a simulated registry token server", true,
                         true};
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::RegistryAuth>(options.token_certificate, options.token_key);
    });
}
