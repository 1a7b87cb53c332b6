#pragma once

#include "e2e/sim/common/jwt.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Google's Security Token Service (v1): exchanges a token of the cluster for a federated one
/// (RFC 8693), as a workload identity pool allows.
class GoogleSts final : public Simulator {
  public:
    /// The file with the public key of the issuers in the world.
    explicit GoogleSts(std::string const& oidc_key_file) : verifier_(oidc_key_file) {}
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    TokenVerifier verifier_;
};

}  // namespace sim
