#pragma once

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The registry's token server: what stands behind the realm of ACR's challenge. Grants, per scope,
/// what the password's role and session policies allow both.
/// Source: distribution documentation, "Token authentication specification".
class RegistryAuth : public Simulator {
public:
    RegistryAuth(const std::string& token_certificate, const std::string& token_key)
        : signer_(token_certificate, token_key) {}

    Response answer(const Request& request, Scene& scene) override;
    Response render_error(const CloudError& error) const override;

private:
    TokenSigner signer_;
};

}  // namespace sim
