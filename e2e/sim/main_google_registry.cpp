#include "e2e/sim/common/server.hpp"
#include "e2e/sim/google_registry.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "googleRegistry";
    kind.program = "sim-google-registry";
    kind.summary = "a simulated Artifact Registry of Google, over a docker-registry's storage";
    kind.file_flag = "storage";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::GoogleRegistry>(options.file);
    });
}
