#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The ECR API, JSON 1.1, version 2015-09-21: GetAuthorizationToken.
class AwsEcr final : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;
};

}  // namespace sim
