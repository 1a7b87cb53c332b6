#include "e2e/sim/common/server.hpp"
#include "e2e/sim/alibaba_sts.hpp"

int main(int argc, char** argv) {
    const sim::Kind kind{"sts", "sim-alibaba-sts", "a simulated Security Token Service", true, false};
    return sim::run_simulator(argc, argv, kind, [](const sim::Options& ) {
        return std::make_unique<sim::AlibabaSts>();
    });
}
