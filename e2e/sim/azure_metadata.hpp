#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The managed identity endpoint of Azure's instance metadata service: access tokens for the
/// identities that are assigned to the node.
class AzureMetadata final : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;
};

}  // namespace sim
