#include "e2e/sim/azure_registry.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "azureRegistry";
    kind.program = "sim-azure-registry";
    kind.summary = "simulated Azure container registries, over a docker-registry's storage";
    kind.file_flag = "storage";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::AzureRegistryServer>(options.file);
    });
}
