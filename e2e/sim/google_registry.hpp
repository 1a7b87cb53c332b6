#pragma once

#include <string>

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Artifact Registry at LOCATION-docker.pkg.dev: its token endpoint /v2/token, and manifests and
/// blobs of repositories PROJECT/REPOSITORY/..., from the storage of a docker-registry. Pulls only.
class GoogleRegistry final : public Simulator {
  public:
    /// `storage`: rootdirectory of the docker-registry.
    explicit GoogleRegistry(std::string storage) : storage_(std::move(storage)) {}
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    Response token(Request const& request, Scene& scene) const;
    Response pull(Request const& request, Scene& scene) const;

    std::string storage_;
};

}  // namespace sim
