#include "e2e/sim/common/server.hpp"
#include "e2e/sim/ecr_registry.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "ecrRegistry";
    kind.program = "sim-ecr-registry";
    kind.summary = "a simulated registry of Amazon ECR, over a docker-registry's storage";
    kind.file_flag = "storage";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::EcrRegistry>(options.file);
    });
}
