#include "e2e/sim/alibaba_sts.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind const kind{"sts", "sim-alibaba-sts", "a simulated Security Token Service", true,
                         false};
    return sim::run_simulator(
        argc, argv, kind, [](sim::Options const&) { return std::make_unique<sim::AlibabaSts>(); });
}
