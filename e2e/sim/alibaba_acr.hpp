#pragma once

#include "e2e/sim/common/acs3.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Container Registry Enterprise Edition, version 2018-12-01: GetAuthorizationToken.
/// Source: ACR API reference of Alibaba Cloud.
class AlibabaAcr : public Simulator {
  public:
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    NonceMemory nonces_;
};

}  // namespace sim
