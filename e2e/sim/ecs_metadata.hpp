#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The ECS instance metadata service, in normal and in hardened (token-demanding) mode.
/// Source: ECS documentation, "Instance metadata" and "Security hardening mode".
class EcsMetadata : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;
};

}  // namespace sim
