#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/safety_net.hpp"

namespace e2e {
namespace {

/// Whoever removes the product and forgets the safety net. Runs alone: it takes the product away,
/// restarts the API server, and puts all back.
class UninstallBeforeSafetyNet : public SafetyNetTest {
  protected:
    void TearDown() override {
        EXPECT_TRUE(done(run({repository() + "/hack/deploy"}, "", std::chrono::seconds(150))));
        EXPECT_TRUE(done(
            kubectl({"apply", "-f", repository() + "/config/samples/reference/registry.yaml"})));
        SafetyNetTest::TearDown();
    }

    /// A control plane that is upgraded, say. Killed, because a graceful end takes a minute.
    static void restart_api_server() {
        ASSERT_TRUE(done(run({"bash", "-c",
                              "kill -9 \"$(cut -d' ' -f1 '" + cluster_directory() +
                                  "/run/kube-apiserver.pid')\" && exec '" + repository() +
                                  "/e2e/cluster/up' >/dev/null 2>&1 </dev/null"},
                             "", std::chrono::seconds(120))));
    }

    static std::string why_not_admitted(std::string const& ns) {
        auto const result = try_apply(pod_manifest(ns, "pod", "nginx"));
        return result.ok() ? "" : result.text();
    }
};

/// As docs/cluster-admin.md says, "Remove".
TEST_F(UninstallBeforeSafetyNet, refuses_after_a_restart_and_names_the_policy_to_delete) {
    std::string const ns = make_governed_namespace();
    std::string const free = make_namespace("free");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
    ASSERT_TRUE(done(kubectl({"-n", ns, "rollout", "status", "deployment/a1", "--timeout=60s"}, "",
                             std::chrono::seconds(90))));
    ASSERT_NO_FATAL_FAILURE(install("safety-net", ns));
    ASSERT_TRUE(done(kubectl(
        {"delete", "--ignore-not-found", "--timeout=100s", "-k", repository() + "/config/default"},
        "", std::chrono::seconds(120))));
    for (std::string const& place : {ns, free}) {
        EXPECT_TRUE(eventually(soon, [&] { return why_not_admitted(place); })) << place;
    }

    ASSERT_NO_FATAL_FAILURE(restart_api_server());
    for (std::string const& place : {ns, free}) {
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            auto const refusal =
                refused(try_apply(pod_manifest(place, "pod", std::string(allowed_image))),
                        {"ValidatingAdmissionPolicy 'registry-tenancy-images'", "paramKind",
                         "RegistryGrant"});
            return refusal ? "" : refusal.message();
        })) << place;
    }
    // What runs goes on, and what names no image is none of its business.
    auto const deployment = get("deployment", "a1", ns);
    ASSERT_TRUE(deployment);
    EXPECT_EQ(text_at(*deployment, "/status/readyReplicas"), "1");
    make_namespace("fresh");

    // The way out, which works without the product.
    ASSERT_TRUE(done(kubectl({"delete", "-k", repository() + "/config/overlays/safety-net"})));
    for (std::string const& place : {ns, free, name("fresh")}) {
        EXPECT_TRUE(eventually(soon, [&] { return why_not_admitted(place); })) << place;
    }
}

}  // namespace
}  // namespace e2e
