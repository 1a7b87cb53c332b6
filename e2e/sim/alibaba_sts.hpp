#pragma once

#include "e2e/sim/common/acs3.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Security Token Service, version 2015-04-01: AssumeRole and GetCallerIdentity.
/// Source: STS API reference of Alibaba Cloud.
class AlibabaSts : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    NonceMemory nonces_;
};

}  // namespace sim
