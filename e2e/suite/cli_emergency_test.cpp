#include <nlohmann/json.hpp>

#include "e2e/suite/support/custom_kinds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// kubectl tenancy break-glass, grandfather and doctor.
namespace e2e {
namespace {

class CliEmergency : public CustomKindTest {
  protected:
    void TearDown() override {
        for (Json const& exception : list_exceptions()) {
            std::string const exception_name = text_at(exception, "/metadata/name");
            if (exception_name.find(name("")) != std::string::npos) {
                kubectl({"delete", "registryexception", exception_name});
            }
        }
        CustomKindTest::TearDown();
    }
    static std::vector<Json> list_exceptions() {
        auto const result = kubectl({"get", "registryexceptions", "-o", "json"});
        std::vector<Json> items;
        if (result.ok()) {
            for (Json const& item : Json::parse(result.out).at("items")) {
                items.push_back(item);
            }
        }
        return items;
    }
};

/// Empty when the API server admits the Pod.
std::string why_not_admitted(std::string const& ns, std::string_view image) {
    auto const result = try_apply(pod_manifest(ns, "probe", std::string(image)));
    return result.ok() ? "" : result.err;
}
std::string why_admitted(std::string const& ns, std::string_view image) {
    return why_not_admitted(ns, image).empty() ? std::string(image) + " is admitted" : "";
}

TEST_F(CliEmergency, break_glass_opens_a_namespace_and_end_closes_it) {
    std::string const ns = make_governed_namespace();
    ASSERT_FALSE(why_not_admitted(ns, foreign_image).empty());
    auto const broken =
        tenancy_cli({"break-glass", ns, "--for", "1h", "--reason", "a test of emergencies"});
    ASSERT_TRUE(done(broken));
    EXPECT_NE(broken.out.find("created RegistryException break-glass-" + ns), std::string::npos);
    EXPECT_TRUE(eventually(soon, [&] { return why_not_admitted(ns, foreign_image); }));
    EXPECT_EQ(tenancy_cli({"explain", std::string(foreign_image), "-n", ns}).status, 0);
    ASSERT_TRUE(done(tenancy_cli({"break-glass", ns, "--end"})));
    EXPECT_TRUE(eventually(soon, [&] { return why_admitted(ns, foreign_image); }));
}

TEST_F(CliEmergency, grandfather_covers_what_runs_before_deny_bites) {
    std::string const ns = make_governed_namespace("acr-cainiao", "Audit");
    Json asleep = deployment_manifest(ns, "asleep", std::string(foreign_image));
    asleep["spec"]["replicas"] = 0;
    ASSERT_TRUE(done(apply(asleep)));
    auto const printed = tenancy_cli({"grandfather", name("tenancy"), "--for", "30d"});
    ASSERT_TRUE(done(printed));
    EXPECT_NE(printed.out.find("alipay/a1"), std::string::npos) << printed.text();
    ASSERT_TRUE(done(kubectl({"apply", "-f", "-"}, printed.out)));
    ASSERT_TRUE(done(kubectl({"patch", "registrytenancy", name("tenancy"), "--type=merge", "-p",
                              R"({"spec":{"enforcement":"Deny"}})"})));
    EXPECT_TRUE(eventually(soon, [&] { return why_admitted(ns, "nginx"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_admitted(ns, foreign_image); }));
    EXPECT_EQ(tenancy_cli({"grandfather", name("tenancy"), "--for", "30d"}).out, "");
}

TEST_F(CliEmergency, grandfather_and_diff_see_custom_kinds) {
    install_kind("kubeflow.org", "mpijobs", "MPIJob");
    std::string const ns = make_governed_namespace("acr-cainiao", "Audit");
    Json const job = custom_manifest(
        "kubeflow.org", "MPIJob", ns, "train",
        {{"mpiReplicaSpecs", {{"Launcher", {{"template", template_with(foreign_image)}}}}}});
    ASSERT_TRUE(done(apply(job)));
    auto const printed = tenancy_cli({"grandfather", name("tenancy"), "--for", "30d"});
    ASSERT_TRUE(done(printed));
    EXPECT_NE(printed.out.find("alipay/a1"), std::string::npos) << printed.text();
    Json changed = *get("registrytenancy", name("tenancy"));
    changed["spec"]["enforcement"] = "Deny";
    auto const diff = tenancy_cli({"diff", "-f", "-"}, changed.dump());
    EXPECT_EQ(diff.status, 1) << diff.text();
    EXPECT_NE(diff.out.find("MPIJob " + ns +
                            "/train spec.mpiReplicaSpecs.Launcher.template."
                            "spec.containers[0].image"),
              std::string::npos)
        << diff.text();
}

TEST_F(CliEmergency, doctor_names_a_daemon_set_that_nodes_need) {
    std::string const ns = make_namespace("cni");
    Json daemon_set = workload_manifest("DaemonSet", ns, "network", std::string(allowed_image));
    daemon_set["spec"]["template"]["spec"]["hostNetwork"] = true;
    daemon_set["spec"]["template"]["spec"]["nodeSelector"] = {{"no", "node"}};
    ASSERT_TRUE(done(apply(daemon_set)));
    auto const result = tenancy_cli({"doctor", "--install"});
    EXPECT_EQ(result.status, 1) << result.text();
    for (std::string const& part :
         {"DaemonSet " + ns + "/network", "add " + ns + " to the setting excludedNamespaces",
          std::string("ok       Deployment registry-tenancy-operator"), std::string("fails closed"),
          std::string("ok       serving certificate"),
          std::string("Group system:masters may change")}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << '\n' << result.text();
    }
}

/// Alone: it takes the webhook and the publisher away from everybody.
class BreakGlassOfTheWebhook : public TenancyTest {
  protected:
    static void scale(std::string const& deployment, std::string const& count) {
        ASSERT_TRUE(done(kubectl({"-n", std::string(product_namespace), "scale", "deployment",
                                  deployment, "--replicas=" + count})));
    }
};

TEST_F(BreakGlassOfTheWebhook, works_while_webhook_and_publisher_are_down) {
    std::string const ns = make_governed_namespace();
    std::string const product(product_namespace);
    auto const webhook = *get("deployment", "registry-tenancy-webhook", product);
    std::string const wanted = webhook.at("spec").at("replicas").dump();
    scale("registry-tenancy-publisher", "0");
    scale("registry-tenancy-webhook", "0");
    // failurePolicy Fail holds while nobody answers.
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = try_apply(pod_manifest(ns, "own", std::string(allowed_image)));
        return result.err.find("failed calling webhook") != std::string::npos ? "" : result.text();
    }));
    auto const broken =
        tenancy_cli({"break-glass", "--webhook", "--for", "1h", "--reason", "a test"});
    EXPECT_TRUE(done(broken));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = try_apply(pod_manifest(ns, "own", std::string(allowed_image)));
        return result.ok() ? "" : result.text();
    }));
    EXPECT_TRUE(done(tenancy_cli({"break-glass", "--webhook", "--end"})));
    auto const closed = get("validatingwebhookconfiguration", "registry-tenancy");
    EXPECT_TRUE(closed);
    if (closed) {
        EXPECT_EQ(text_at(*closed, "/webhooks/0/failurePolicy"), "Fail");
    }
    scale("registry-tenancy-webhook", wanted);
    scale("registry-tenancy-publisher", "1");
    EXPECT_TRUE(done(kubectl({"-n", product, "rollout", "status",
                              "deployment/registry-tenancy-webhook", "--timeout=120s"},
                             "", std::chrono::seconds(130))));
    EXPECT_TRUE(eventually(soon, [&] { return why_admitted(ns, foreign_image); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_admitted(ns, allowed_image); }));
}

}  // namespace
}  // namespace e2e
