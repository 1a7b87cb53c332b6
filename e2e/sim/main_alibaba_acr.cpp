#include "e2e/sim/common/server.hpp"
#include "e2e/sim/alibaba_acr.hpp"

int main(int argc, char** argv) {
    const sim::Kind kind{"acr", "sim-alibaba-acr", "a simulated Container Registry API", true, false};
    return sim::run_simulator(argc, argv, kind, [](const sim::Options& ) {
        return std::make_unique<sim::AlibabaAcr>();
    });
}
