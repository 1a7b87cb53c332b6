#pragma once

#include <memory>
#include <string>
#include <variant>

#include "e2e/sim/common/acs3.hpp"
#include "e2e/sim/common/jwt.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Security Token Service, version 2015-04-01: AssumeRole, AssumeRoleWithOIDC and
/// GetCallerIdentity. Source: STS API reference of Alibaba Cloud.
class AlibabaSts : public Simulator {
  public:
    /// The file with the public key of the world's OIDC providers; empty: no tokens are taken.
    explicit AlibabaSts(std::string const& oidc_key_file);
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    /// AssumeRoleWithOIDC is the one call without a signature: the token is the proof.
    Response with_token(Request const& request, Parameters const& parameters, Scene& scene);
    std::variant<Response, CloudError> assume_with_token(Parameters const& parameters, bool expired,
                                                         Scene& scene);

    NonceMemory nonces_;
    std::unique_ptr<TokenVerifier> verifier_;
};

}  // namespace sim
