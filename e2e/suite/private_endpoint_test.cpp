#include <nlohmann/json.hpp>

#include "e2e/suite/support/reach_test.hpp"

namespace e2e {
namespace {

/// Where DNS leads for api.ecr.eu-central-1.amazonaws.com.
constexpr char const* public_address = "10.200.1.6";

TEST_F(Reach, a_private_endpoint_is_connected_to_instead_of_the_public_address) {
    BlockedForPods const blocked({public_address});
    ASSERT_FALSE(operator_reaches(public_address));
    // The endpoint's certificate is for the public name alone, so that name was asked for.
    std::string const ns = make_ecr_namespace("ns", "ecr-suite-02");
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->keys(), std::string(ecr_host) + "/payments/");
    ASSERT_TRUE(
        done(apply(pod_manifest(ns, "pulled", std::string(ecr_host) + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "pulled"); }));
}

}  // namespace
}  // namespace e2e
