#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/safety_net.hpp"

namespace e2e {
namespace {

/// The second layer, config/overlays/safety-net, while no webhook answers.
class SafetyNet : public SafetyNetTest {
  protected:
    /// Tenancy and namespace at once, as GitOps applies them; waits for the grant alone.
    std::string make_new_governed_namespace() {
        Tenancy tenancy;
        tenancy.name = name("new");
        tenancy.namespaces = {name("brand-new")};
        make_tenancy(tenancy);
        return make_namespace("brand-new");
    }
};

void expect_doors_closed(std::string const& ns) {
    std::string const foreign(foreign_image);
    Json const good = pod_manifest(ns, "tried", std::string(allowed_image));
    EXPECT_TRUE(done(try_apply(good)));
    Json init = good;
    init["spec"]["initContainers"] = Json::array({{{"name", "first"}, {"image", foreign}}});
    EXPECT_TRUE(refused_by_net(try_apply(init), {"spec.initContainers[0].image \"first\""}));
    Json second = good;
    second["spec"]["containers"].push_back({{"name", "second"}, {"image", "nginx"}});
    EXPECT_TRUE(refused_by_net(try_apply(second),
                               {"spec.containers[1].image \"second\"", "docker.io/library/nginx"}));
    Json volume = good;
    volume["spec"]["volumes"] =
        Json::array({{{"name", "model"}, {"image", {{"reference", foreign}}}}});
    EXPECT_TRUE(refused_by_net(try_apply(volume), {"spec.volumes[0].image.reference \"model\""}));
    for (std::string const kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                   "ReplicationController", "Job", "CronJob"}) {
        SCOPED_TRACE(kind);
        std::string const path =
            kind == "CronJob" ? "spec.jobTemplate.spec.template.spec." : "spec.template.spec.";
        EXPECT_TRUE(refused_by_net(try_apply(workload_manifest(kind, ns, "greedy", foreign)),
                                   {path + "containers[0].image \"main\""}));
        EXPECT_TRUE(
            done(try_apply(workload_manifest(kind, ns, "modest", std::string(allowed_image)))));
    }
}

TEST_F(SafetyNet, judges_by_the_grant_while_no_webhook_answers) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "old", std::string(foreign_image)))));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    std::string const ungoverned = make_namespace("ungoverned");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "pod", std::string(allowed_image)))));
    ASSERT_NO_FATAL_FAILURE(install("safety-net", ns));
    ASSERT_NO_FATAL_FAILURE(stop_webhook());

    // The whole message, as a developer reads it.
    EXPECT_TRUE(refused_by_net(
        try_apply(pod_manifest(ns, "greedy", std::string(foreign_image))),
        {"is forbidden",
         "[RT-NotAllowed] spec.containers[0].image \"main\": " + std::string(foreign_image) +
             ": registry namespace \"alipay\" is not allowed here (namespace " + ns +
             "; RegistryTenancy " + tenancy.name + ", enforcement Deny); allowed here: ",
         "cn-shanghai.cr.aliyuncs.com/cainiao/*", "; ask: #registry-help"}));
    expect_doors_closed(ns);
    EXPECT_TRUE(refused_by_net(
        kubectl({"-n", ns, "debug", "pod", "--attach=false", "--profile=general", "--image=nginx"}),
        {"spec.ephemeralContainers[0].image", "docker.io"}));

    // What was there before the tenancy may stay and be touched; its image may not change.
    EXPECT_TRUE(done(kubectl({"-n", ns, "label", "deployment/old", "touched=yes"})));
    EXPECT_TRUE(refused_by_net(kubectl({"-n", ns, "set", "image", "deployment/old", "main=nginx"}),
                               {"[RT-NotAllowed]"}));

    EXPECT_TRUE(done(try_apply(pod_manifest(ungoverned, "free", "nginx"))));
    std::string const brand_new = make_new_governed_namespace();
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result =
            refused_by_net(try_apply(pod_manifest(brand_new, "greedy", "nginx")), {"docker.io"});
        return result ? "" : result.message();
    }));
    EXPECT_TRUE(done(try_apply(pod_manifest(brand_new, "good", std::string(allowed_image)))));
}

TEST_F(SafetyNet, leaves_warn_and_audit_to_the_webhook) {
    std::string const ns = make_governed_namespace();
    ASSERT_NO_FATAL_FAILURE(install("safety-net", ns));
    for (std::string const enforcement : {"Warn", "Audit"}) {
        Tenancy tenancy;
        tenancy.name = name(enforcement == "Warn" ? "warn" : "audit");
        tenancy.namespaces = {make_namespace(enforcement == "Warn" ? "warned" : "audited")};
        tenancy.enforcement = enforcement;
        make_ready_tenancy(tenancy);
        EXPECT_TRUE(done(
            try_apply(pod_manifest(tenancy.namespaces[0], "foreign", std::string(foreign_image)))));
    }
}

TEST_F(SafetyNet, with_unmanaged_namespaces_denied_closes_those_without_a_grant) {
    std::string const ns = make_governed_namespace();
    std::string const ungoverned = make_namespace("ungoverned");
    ASSERT_TRUE(done(apply(deployment_manifest(ungoverned, "old", "nginx"))));
    ASSERT_NO_FATAL_FAILURE(install("safety-net-deny", ns));
    ASSERT_NO_FATAL_FAILURE(stop_webhook());

    for (Json const& object : {pod_manifest(ungoverned, "new", "nginx"),
                               workload_manifest("CronJob", ungoverned, "new", "nginx")}) {
        EXPECT_TRUE(
            refused(try_apply(object), {"rt-notenancy.no-registrytenancy-governs-this-namespace",
                                        "ask-a-cluster-admin-to-add-the-namespace-to-one"}));
    }
    // Whatever is there can be updated, so that finalizers can always go.
    EXPECT_TRUE(done(kubectl({"-n", ungoverned, "label", "deployment/old", "touched=yes"})));
    EXPECT_TRUE(done(kubectl({"-n", ungoverned, "scale", "deployment/old", "--replicas=0"})));

    std::string const brand_new = make_new_governed_namespace();
    EXPECT_TRUE(eventually(soon, [&] {
        return try_apply(pod_manifest(brand_new, "good", std::string(allowed_image))).err;
    }));
    EXPECT_TRUE(
        refused_by_net(try_apply(pod_manifest(brand_new, "greedy", "nginx")), {"[RT-NotAllowed]"}));
    EXPECT_TRUE(done(
        kubectl({"-n", "kube-system", "run", "node-add-on", "--image=nginx", "--dry-run=server"})));
}

}  // namespace
}  // namespace e2e
