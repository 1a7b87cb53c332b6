#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The metadata server of Compute Engine, as a virtual machine with one service account sees it.
class GceMetadata final : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;
};

}  // namespace sim
