#include "e2e/sim/aws_ecr.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "ecr";
    kind.program = "sim-aws-ecr";
    kind.summary = "a simulated API of Amazon ECR";
    return sim::run_simulator(argc, argv, kind,
                              [](sim::Options const&) { return std::make_unique<sim::AwsEcr>(); });
}
