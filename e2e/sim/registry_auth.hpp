#pragma once

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The registry's token server: what stands behind the realm of ACR's challenge. Grants, per scope,
/// what the password's role and session policies allow both.
/// Source: distribution documentation, "Token authentication specification".
class RegistryAuth : public Simulator {
  public:
    RegistryAuth(std::string const& token_certificate, std::string const& token_key)
        : signer_(token_certificate, token_key) {}

    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    TokenSigner signer_;
};

}  // namespace sim
