#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/kube/client/client.hpp"
#include "unit/kube/contract/client_contract.hpp"

namespace rt::kube {

/// Tests against the API server that the environment variable RT_KUBECONFIG names; skipped without
/// it. Each test has a namespace of its own, which is deleted afterwards.
class RealCluster : public ::testing::Test {
  public:
    void SetUp() override;
    void TearDown() override;

    /// A client with the identity of a ServiceAccount, which it makes together with a ClusterRole
    /// of these rules.
    std::unique_ptr<Client> client_allowed(Json const& rules);
    /// The configuration of the administrator, to be changed.
    [[nodiscard]] static ClientConfig admin_config();

    [[nodiscard]] Json secret(std::string const& name, std::string const& value) const;
    [[nodiscard]] Json config_map(std::string const& name, std::string const& value) const;

    std::unique_ptr<Client> client;
    std::string ns;

  private:
    std::vector<std::pair<ResourceType, ObjectKey>> cluster_scoped_;
};

}  // namespace rt::kube
