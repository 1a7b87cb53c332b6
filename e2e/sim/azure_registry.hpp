#pragma once

#include <string>

#include "e2e/sim/azure_management.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The registries NAME.azurecr.io: /oauth2/exchange (Entra ID's token for a refresh token),
/// /oauth2/token (a refresh token for an access token with scopes), and the distribution API for
/// pulling, over the storage of a docker-registry. Beside them Resource Manager, which makes the
/// tokens that the registries take as logins.
class AzureRegistryServer final : public Simulator {
  public:
    /// `storage`: the rootdirectory of a docker-registry with the file system driver.
    explicit AzureRegistryServer(std::string storage);
    Response answer(Request const& request, Scene& scene) override;
    Response render_error(CloudError const& error) const override;

  private:
    std::string storage_;
    AzureManagement management_;
};

}  // namespace sim
