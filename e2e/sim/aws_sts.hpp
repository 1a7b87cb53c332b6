#pragma once

#include <memory>

#include "e2e/sim/common/jwt.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// AWS STS at a regional endpoint, query protocol 2011-06-15: AssumeRole,
/// AssumeRoleWithWebIdentity and GetCallerIdentity.
class AwsSts final : public Simulator {
  public:
    /// The file with the public key of the world's OIDC provider; empty: no web identities.
    explicit AwsSts(std::string const& oidc_key_file);
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    std::unique_ptr<TokenVerifier> verifier_;
};

}  // namespace sim
