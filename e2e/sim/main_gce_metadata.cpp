#include "e2e/sim/common/server.hpp"
#include "e2e/sim/gce_metadata.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "gce";
    kind.program = "sim-gce-metadata";
    kind.summary = "a simulated Compute Engine metadata server";
    kind.tls = false;
    return sim::run_simulator(
        argc, argv, kind, [](sim::Options const&) { return std::make_unique<sim::GceMetadata>(); });
}
