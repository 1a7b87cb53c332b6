#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The EC2 instance metadata service with HttpTokens=required (version 2 only): session tokens by
/// PUT, the instance role's name and its credentials.
class Ec2Metadata final : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;
};

}  // namespace sim
