#include "e2e/sim/azure_metadata.hpp"
#include "e2e/sim/common/server.hpp"
#include "e2e/sim/ec2_metadata.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.program = "sim-instance-metadata";
    kind.summary =
        "simulated instance metadata services at 169.254.169.254, told apart by path: Azure's "
        "(/metadata/) and EC2's (the rest)";
    kind.tls = false;
    return sim::run_simulators(
        argc, argv, kind,
        {{"azureMetadata", "/metadata/",
          [](sim::Options const&) { return std::make_unique<sim::AzureMetadata>(); }},
         {"ec2", "", [](sim::Options const&) { return std::make_unique<sim::Ec2Metadata>(); }}});
}
