#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/kube/client/client.hpp"

namespace rt::kube {

inline ResourceType const config_maps{"", "v1", "configmaps", "ConfigMap", true};

/// An API server with one empty namespace, which ends with this object.
class ContractServer {
  public:
    virtual ~ContractServer() = default;
    [[nodiscard]] virtual Client& client() = 0;
    [[nodiscard]] virtual std::string ns() const = 0;
};

/// Defined once in each test program: kube_test has the in-process server of unit/support,
/// kube_integration_test a real one. The same expectations hold for both, and that is why tests
/// over the former mean something. Null where there is none to test.
[[nodiscard]] std::unique_ptr<ContractServer> make_contract_server();

class ClientContract : public ::testing::Test {
  public:
    void SetUp() override {
        server_ = make_contract_server();
        if (server_ == nullptr) {
            GTEST_SKIP() << "RT_KUBECONFIG is not set: no cluster to test against";
        }
        ns = server_->ns();
    }
    Client& client() { return server_->client(); }

    [[nodiscard]] Json secret(std::string const& name) const {
        return {{"apiVersion", "v1"},
                {"kind", "Secret"},
                {"metadata", {{"name", name}, {"namespace", ns}}},
                {"type", "Opaque"},
                {"data", {{"value", "eA=="}}}};
    }
    [[nodiscard]] Json config_map(std::string const& name, std::string const& value) const {
        return {{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", {{"name", name}, {"namespace", ns}}},
                {"data", {{"value", value}}}};
    }

    std::string ns;

  private:
    std::unique_ptr<ContractServer> server_;
};

}  // namespace rt::kube
