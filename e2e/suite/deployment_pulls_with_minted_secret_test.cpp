#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class DeploymentPulls : public TenancyTest {};

TEST_F(DeploymentPulls, with_the_minted_secret_that_the_webhook_added) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
    ASSERT_TRUE(done(kubectl({"-n", ns, "rollout", "status", "deployment/a1", "--timeout=60s"}, "",
                             std::chrono::seconds(90))));
    auto const pods = list("pods", ns, "app=a1");
    ASSERT_EQ(pods.size(), 1U);
    EXPECT_EQ(pods[0]["spec"]["imagePullSecrets"].dump(), R"([{"name":"registry-tenancy"}])");
    auto const deployment = get("deployment", "a1", ns);
    ASSERT_TRUE(deployment);
    EXPECT_EQ(text_at(*deployment, "/spec/template/spec/imagePullSecrets"), "")
        << "templates stay as their owners wrote them";
}

TEST_F(DeploymentPulls, keeping_the_secrets_that_a_pod_names_itself) {
    std::string const ns = make_governed_namespace();
    Json pod = pod_manifest(ns, "two", std::string(allowed_image));
    pod["spec"]["imagePullSecrets"] = Json::array({{{"name", "my-own"}}});
    ASSERT_TRUE(done(apply(pod)));
    auto const stored = get("pod", "two", ns);
    ASSERT_TRUE(stored);
    EXPECT_EQ((*stored)["spec"]["imagePullSecrets"].dump(),
              R"([{"name":"my-own"},{"name":"registry-tenancy"}])");
}

// The control: without the Secret the registry gives nothing, so it was the Secret that worked.
TEST_F(DeploymentPulls, and_nobody_does_without_it) {
    std::string const ns = make_namespace("ungoverned");
    // While a namespace is not known yet, the Secret is named to be safe.
    auto const stranger = pod_manifest(ns, "stranger", std::string(allowed_image));
    ASSERT_TRUE(eventually(soon, [&]() -> std::string {
        auto const tried = apply(stranger, {"--dry-run=server", "-o", "json"});
        return tried.ok() && tried.out.find("imagePullSecrets") == std::string::npos
                   ? ""
                   : "a dry run says: " + tried.text();
    }));
    ASSERT_TRUE(done(apply(stranger)));
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const message = waiting_message(ns, "stranger");
        return message.find("insufficient_scope") != std::string::npos ? "" : "waits: " + message;
    }));
    auto const stored = get("pod", "stranger", ns);
    ASSERT_TRUE(stored);
    EXPECT_FALSE((*stored)["spec"].contains("imagePullSecrets"));
}

}  // namespace
}  // namespace e2e
