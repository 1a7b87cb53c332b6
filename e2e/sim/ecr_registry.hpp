#pragma once

#include <string>

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The registry side of ECR, ACCOUNT.dkr.ecr.REGION.amazonaws.com: the distribution API for
/// pulling, with Basic authentication and no token server. It reads what is stored from a folder of
/// docker-registry, and judges every request by the password's principal and session policy.
class EcrRegistry final : public Simulator {
  public:
    /// `storage`: the rootdirectory of a docker-registry with the file system driver.
    explicit EcrRegistry(std::string storage);
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    std::string storage_;
};

}  // namespace sim
