#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Google's Service Account Credentials API (v1): generateAccessToken.
class GoogleIam final : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;
};

}  // namespace sim
