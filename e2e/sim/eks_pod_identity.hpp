#pragma once

#include <memory>
#include <string>

#include "e2e/sim/common/jwt.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The agent of EKS Pod Identity on the node, together with EKS Auth behind it: trades the token of
/// a ServiceAccount that has an association for keys of its role. Source:
/// aws/eks-pod-identity-agent (pkg/handlers, pkg/credentials/model.go, pkg/errors), EKS
/// documentation.
class EksPodIdentity final : public Simulator {
  public:
    /// The public key of ServiceAccount tokens.
    explicit EksPodIdentity(std::string const& oidc_key_file)
        : verifier_(std::make_unique<TokenVerifier>(oidc_key_file)) {}

    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    std::unique_ptr<TokenVerifier> verifier_;
};

}  // namespace sim
