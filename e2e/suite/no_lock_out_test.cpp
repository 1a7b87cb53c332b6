#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Runs alone: while it runs, no Pod can be created in any namespace that isn't excluded.
class NoLockOut : public TenancyTest {};

// The worst morning: every Pod of ours is gone, and so is what nodes need to run Pods at all. With
// failurePolicy Fail nobody may have to do anything but wait.
TEST_F(NoLockOut, the_cluster_heals_by_itself_when_webhook_and_node_add_ons_are_gone) {
    std::string const ns = make_governed_namespace();
    std::string const add_on = name("add-on");
    Json agent = workload_manifest("DaemonSet", "kube-system", add_on,
                                   "registry.k8s.io/pause:not-judged-here");
    Json const configuration = *get("validatingwebhookconfiguration", "registry-tenancy");
    ASSERT_EQ(text_at(configuration, "/webhooks/0/failurePolicy"), "Fail");
    ASSERT_TRUE(done(apply(agent)));
    ASSERT_TRUE(eventually(soon, [&] {
        return list("pods", "kube-system", "app=" + add_on).empty() ? "the add-on has no Pod" : "";
    }));

    std::string const product(product_namespace);
    ASSERT_TRUE(
        done(kubectl({"-n", product, "delete", "pods", "--all", "--force", "--grace-period=0"}, "",
                     std::chrono::seconds(90))));
    auto const old_pods = list("pods", "kube-system", "app=" + add_on);
    ASSERT_TRUE(done(kubectl({"-n", "kube-system", "delete", "pods", "-l", "app=" + add_on,
                              "--force", "--grace-period=0"})));

    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const pods = list("pods", "kube-system", "app=" + add_on);
        return !pods.empty() &&
                       text_at(pods[0], "/metadata/uid") != text_at(old_pods.at(0), "/metadata/uid")
                   ? ""
                   : "the add-on was not made anew";
    })) << "nodes need it before a webhook Pod can run";
    // Old Pods may answer while they end, and then nobody: what must not run is kept out all along.
    EXPECT_TRUE(eventually(std::chrono::seconds(120), [&]() -> std::string {
        auto const result = try_apply(pod_manifest(ns, "pod", std::string(foreign_image)));
        EXPECT_FALSE(result.ok()) << "admitted while no webhook was there to judge it";
        return refused(result, {"[RT-NotAllowed]"}) ? "" : result.err;
    })) << "our own Pods were kept from coming back";
    for (std::string const deployment :
         {"registry-tenancy-webhook", "registry-tenancy-operator", "registry-tenancy-publisher"}) {
        EXPECT_TRUE(done(kubectl(
            {"-n", product, "rollout", "status", "deployment/" + deployment, "--timeout=100s"}, "",
            std::chrono::seconds(120))));
    }
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = try_apply(pod_manifest(ns, "pod", std::string(allowed_image)));
        return result.ok() ? "" : result.err;
    }));
    EXPECT_EQ(text_at(*get("validatingwebhookconfiguration", "registry-tenancy"),
                      "/webhooks/0/failurePolicy"),
              "Fail")
        << "nobody broke glass";
    EXPECT_TRUE(done(kubectl({"-n", "kube-system", "delete", "daemonset", add_on})));
}

}  // namespace
}  // namespace e2e
