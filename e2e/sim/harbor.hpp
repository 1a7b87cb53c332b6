#pragma once

#include <string>

#include "e2e/sim/common/simulator.hpp"
#include "e2e/sim/harbor_api.hpp"

namespace sim {

/// One Harbor behind one host: its API (/api/v2.0), its token service (/service/token) and its
/// registry (/v2/), which serves pulls from a docker-registry's storage.
class Harbor final : public Simulator {
  public:
    explicit Harbor(std::string storage) : storage_(std::move(storage)), api_(robots_) {}

    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    Response answer_api(Request const& request, HarborApi::Subject const& subject, Scene& scene);
    Response answer_token(Request const& request, Scene& scene);
    Response answer_registry(Request const& request, Scene& scene);
    /// The Basic login of a request; nobody for none or a wrong one.
    HarborCaller log_in(Request const& request, Scene const& scene) const;

    std::string storage_;
    HarborRobots robots_;
    HarborApi api_;
};

}  // namespace sim
