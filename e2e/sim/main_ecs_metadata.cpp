#include "e2e/sim/common/server.hpp"
#include "e2e/sim/ecs_metadata.hpp"

int main(int argc, char** argv) {
    sim::Kind const kind{"ecs", "sim-ecs-metadata", "a simulated ECS metadata service", false,
                         false};
    return sim::run_simulator(
        argc, argv, kind, [](sim::Options const&) { return std::make_unique<sim::EcsMetadata>(); });
}
