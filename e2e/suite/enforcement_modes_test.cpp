#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"
#include "e2e/suite/support/traces.hpp"

namespace e2e {
namespace {

class Enforcement : public TenancyTest {
  protected:
    void add_tenancy(std::string const& role, std::string const& ns,
                     std::string const& enforcement) {
        Tenancy tenancy;
        tenancy.name = name(role);
        tenancy.namespaces = {ns};
        tenancy.enforcement = enforcement;
        make_ready_tenancy(tenancy);
    }
};

TEST_F(Enforcement, warn_admits_with_a_warning_and_an_event) {
    std::string const ns = make_governed_namespace("acr-cainiao", "Warn");
    auto const result = apply(pod_manifest(ns, "foreign", std::string(foreign_image)));
    EXPECT_TRUE(done(result));
    EXPECT_NE(result.err.find("Warning: RT-NotAllowed"), std::string::npos) << result.text();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event(ns, "RT-NotAllowed"); }));
    auto const fine = try_apply(pod_manifest(ns, "own", std::string(allowed_image)));
    EXPECT_TRUE(done(fine));
    EXPECT_EQ(fine.err.find("Warning"), std::string::npos) << fine.text();
}

/// The sum of a counter over all replicas of the webhook.
double counted(std::string const& series) {
    double sum = 0;
    for (Json const& pod : list("pods", std::string(product_namespace),
                                "app.kubernetes.io/name=registry-tenancy-webhook")) {
        auto const metrics =
            kubectl({"get", "--raw",
                     "/api/v1/namespaces/" + std::string(product_namespace) + "/pods/" +
                         text_at(pod, "/metadata/name") + ":8080/proxy/metrics"});
        std::size_t const at = metrics.out.find("\n" + series + " ");
        if (at != std::string::npos) {
            sum += std::stod(metrics.out.substr(at + series.size() + 2));
        }
    }
    return sum;
}

TEST_F(Enforcement, audit_admits_in_silence_and_takes_note) {
    std::string const counter =
        "registry_tenancy_webhook_findings_total{decision=\"audited\",reason=\"RT-NotAllowed\"}";
    std::string const ns = make_governed_namespace("acr-cainiao", "Audit");
    double const before = counted(counter);
    auto const result = apply(pod_manifest(ns, "foreign", std::string(foreign_image)));
    EXPECT_TRUE(done(result));
    EXPECT_EQ(result.err.find("Warning"), std::string::npos) << result.text();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event(ns, "RT-NotAllowed"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_no_annotation(ns, "decision", "audited"); }));
    EXPECT_EQ(why_no_annotation(ns, "reason", "RT-NotAllowed"), "");
    EXPECT_EQ(why_no_annotation(ns, "images", std::string(foreign_image)), "");
    EXPECT_GT(counted(counter), before);
}

TEST_F(Enforcement, the_strictest_of_several_tenancies_counts) {
    std::string const ns = make_namespace("ns");
    add_tenancy("audit", ns, "Audit");
    add_tenancy("warn", ns, "Warn");
    auto const warned = try_apply(pod_manifest(ns, "foreign", std::string(foreign_image)));
    EXPECT_TRUE(done(warned));
    EXPECT_NE(warned.err.find("Warning: RT-NotAllowed"), std::string::npos) << warned.text();
    add_tenancy("deny", ns, "Deny");
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const refusal =
            refused(try_apply(pod_manifest(ns, "foreign", std::string(foreign_image))),
                    {"[RT-NotAllowed]"});
        return refusal ? "" : refusal.message();
    }));
}

TEST_F(Enforcement, what_any_tenancy_allows_is_fine) {
    std::string const ns = make_governed_namespace();
    Tenancy second;
    second.name = name("second");
    second.namespaces = {ns};
    second.allow = {{"repository", "base/jdk"}};
    make_ready_tenancy(second);
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        return try_apply(pod_manifest(ns, "jdk", std::string(base_image))).err;
    }));
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "a1", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const secret = pull_secret(ns);
        return secret && secret->logins.size() == 4 ? ""
                                                    : "the Secret has not both tenancies' keys";
    }));
}

TEST_F(Enforcement, deprecated_entries_warn_and_are_noted) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    remember_tenancy(tenancy.name);
    Json manifest = tenancy.manifest();
    manifest["spec"]["registries"][0]["allow"][0]["deprecated"] = "use base/jdk from March on";
    ASSERT_TRUE(done(apply(manifest)));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
    auto const result = apply(pod_manifest(ns, "a1", std::string(allowed_image)));
    EXPECT_TRUE(done(result));
    EXPECT_NE(result.err.find("use base/jdk from March on"), std::string::npos) << result.text();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event(ns, "RT-Deprecated"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_no_annotation(ns, "reason", "RT-Deprecated"); }));
    EXPECT_GT(counted("registry_tenancy_webhook_findings_total{decision=\"warned\",reason=\"RT-"
                      "Deprecated\"}"),
              0);
}

// What runs outside the rules is never stopped by an update, but can be seen.
TEST_F(Enforcement, grandfathered_images_are_counted) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "old", std::string(foreign_image)))));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    double const before = counted("registry_tenancy_webhook_grandfathered_images_total");
    ASSERT_TRUE(done(kubectl({"-n", ns, "label", "deployment/old", "touched=yes"})));
    EXPECT_GT(counted("registry_tenancy_webhook_grandfathered_images_total"), before);
    EXPECT_TRUE(eventually(soon, [&] { return why_no_annotation(ns, "grandfathered", "1"); }));
}

TEST_F(Enforcement, listed_pull_secrets_keep_others_out) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    remember_tenancy(tenancy.name);
    Json manifest = tenancy.manifest();
    manifest["spec"]["imagePullSecrets"] = {{"policy", "Listed"},
                                            {"allowed", Json::array({"partner"})}};
    ASSERT_TRUE(done(apply(manifest)));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
    Json pod = pod_manifest(ns, "a1", std::string(allowed_image));
    pod["spec"]["imagePullSecrets"] = Json::array({{{"name", "smuggled"}}});
    EXPECT_TRUE(refused(try_apply(pod), {"[RT-ForeignSecret]", "smuggled"}));
    pod["spec"]["imagePullSecrets"] = Json::array({{{"name", "partner"}}});
    EXPECT_TRUE(done(try_apply(pod)));
}

TEST_F(Enforcement, any_other_pull_secret_gets_a_warning_and_an_event) {
    std::string const ns = make_governed_namespace();
    Json pod = pod_manifest(ns, "pod", std::string(allowed_image));
    pod["spec"]["imagePullSecrets"] = Json::array({{{"name", "smuggled"}}});
    auto const result = apply(pod);
    ASSERT_TRUE(done(result));
    EXPECT_NE(result.err.find("Warning: RT-ForeignSecret"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("smuggled"), std::string::npos) << result.err;
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event(ns, "RT-ForeignSecret"); }));
    auto const ours = try_apply(pod_manifest(ns, "ours", std::string(allowed_image)));
    EXPECT_EQ(ours.err.find("Warning"), std::string::npos) << ours.err;
}

}  // namespace
}  // namespace e2e
