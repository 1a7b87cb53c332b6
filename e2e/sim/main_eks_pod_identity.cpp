#include "e2e/sim/common/server.hpp"
#include "e2e/sim/eks_pod_identity.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "eksPodIdentity";
    kind.program = "sim-eks-pod-identity";
    kind.summary = "a simulated agent of EKS Pod Identity";
    kind.tls = false;
    kind.file_flag = "oidc-key";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::EksPodIdentity>(options.file);
    });
}
