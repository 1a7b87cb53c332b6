#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "e2e/sim/common/jwt.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The audience of tokens for a resource or scope (".default" and a final slash do not count);
/// empty for resources that are not simulated.
std::string azure_resource(std::string_view resource_or_scope);

/// Microsoft Entra ID's token endpoint, version 2.0: client credentials by secret or by federated
/// assertion.
class AzureAd final : public Simulator {
  public:
    /// `oidc_key_file`: the public key that signs the cluster's ServiceAccount tokens; empty: no
    /// assertion is ever good.
    explicit AzureAd(std::string const& oidc_key_file);
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    std::unique_ptr<TokenVerifier> verifier_;
};

}  // namespace sim
