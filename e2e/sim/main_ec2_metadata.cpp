#include "e2e/sim/common/server.hpp"
#include "e2e/sim/ec2_metadata.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "ec2";
    kind.program = "sim-ec2-metadata";
    kind.summary = "a simulated EC2 instance metadata service (version 2)";
    kind.tls = false;
    return sim::run_simulator(
        argc, argv, kind, [](sim::Options const&) { return std::make_unique<sim::Ec2Metadata>(); });
}
