#include "e2e/sim/common/server.hpp"
#include "e2e/sim/harbor.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "harbor";
    kind.program = "sim-harbor";
    kind.summary = "a simulated Harbor: API, token service and registry";
    kind.file_flag = "storage";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::Harbor>(options.file);
    });
}
