#include "e2e/sim/alibaba_acr.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind const kind{"acr", "sim-alibaba-acr", "a simulated Container Registry API", true,
                         false};
    return sim::run_simulator(
        argc, argv, kind, [](sim::Options const&) { return std::make_unique<sim::AlibabaAcr>(); });
}
