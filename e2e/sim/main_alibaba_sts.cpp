#include "e2e/sim/alibaba_sts.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "sts";
    kind.program = "sim-alibaba-sts";
    kind.summary = "a simulated Security Token Service";
    kind.file_flag = "oidc-key";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::AlibabaSts>(options.file);
    });
}
