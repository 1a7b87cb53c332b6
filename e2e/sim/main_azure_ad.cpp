#include "e2e/sim/azure_ad.hpp"
#include "e2e/sim/common/server.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "azureAd";
    kind.program = "sim-azure-ad";
    kind.summary = "a simulated token endpoint of Microsoft Entra ID";
    kind.file_flag = "oidc-key";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::AzureAd>(options.file);
    });
}
