#include "e2e/sim/aws_sts.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "awsSts";
    kind.program = "sim-aws-sts";
    kind.summary = "a simulated AWS Security Token Service";
    kind.file_flag = "oidc-key";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::AwsSts>(options.file);
    });
}
