#pragma once

#include <string>
#include <vector>

#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

/// An operator for which names alone don't lead to clouds and registries: everything but Amazon is
/// asked through a proxy, the API of ECR stands at a private endpoint, two hosts have an authority
/// of their own, and what proves the operator to EKS is whatever the tests put there. Runs alone
/// and in one process, because these settings cost a rollout before the first test and one after
/// the last.
class Reach : public TenancyTest {
  protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite();

    /// A namespace whose Ready tenancy lets it pull payments/ of the ECR registry (`ecr_host`) with
    /// a role that no other test uses.
    std::string make_ecr_namespace(std::string const& ns, std::string const& role);
    static constexpr char const* ecr_host = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
    /// What every Pod of the operator shows to the agent of EKS Pod Identity from now on.
    static void put_pod_identity_token(std::string const& token);
    /// HOST:PORT of each connection that the proxy was asked for since the suite began, one a line.
    static std::string asked_of_proxy();
};

/// While this object lives, no Pod gets a connection to port 443 of these addresses; the proxy and
/// the kubelet, which are the node's, do.
class BlockedForPods {
  public:
    explicit BlockedForPods(std::vector<std::string> const& addresses);
    ~BlockedForPods();
    BlockedForPods(BlockedForPods const&) = delete;
    BlockedForPods& operator=(BlockedForPods const&) = delete;
};

/// Whether the operator's own network namespace gets a connection to an address (port 443).
bool operator_reaches(std::string const& address);

}  // namespace e2e
