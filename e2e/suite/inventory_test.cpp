#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// What the operator finds running, where people look for it.
class Inventory : public TenancyTest {
  protected:
    void make_tenancy_over(std::string const& ns, std::string const& enforcement) {
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {ns};
        tenancy.enforcement = enforcement;
        make_ready_tenancy(tenancy);
    }
    /// "False ForeignImages: ...", as the tenancy's condition WorkloadsCompliant says.
    [[nodiscard]] std::string compliance() const {
        auto const object = get("registrytenancy", name("tenancy"));
        if (object && object->contains("status")) {
            for (Json const& entry : (*object)["status"]["conditions"]) {
                if (text_at(entry, "/type") == "WorkloadsCompliant") {
                    return text_at(entry, "/status") + " " + text_at(entry, "/reason") + ": " +
                           text_at(entry, "/message");
                }
            }
        }
        return "no such condition";
    }
    [[nodiscard]] std::string why_not_compliance(std::string const& wanted) const {
        std::string const found = compliance();
        return found.rfind(wanted, 0) == 0 ? "" : "WorkloadsCompliant is " + found;
    }
};

/// Empty when the grant's `workloads` are these, as "denied/grandfathered/byException".
std::string why_not_counts(std::string const& ns, std::string const& wanted) {
    auto const grant = get("registrygrant", "effective", ns);
    if (!grant) {
        return "there is no grant in " + ns;
    }
    std::string const found = grant->contains("workloads")
                                  ? text_at(*grant, "/workloads/denied") + "/" +
                                        text_at(*grant, "/workloads/grandfathered") + "/" +
                                        text_at(*grant, "/workloads/byException")
                                  : "none";
    return found == wanted ? "" : "workloads are " + found + ", not " + wanted;
}

TEST_F(Inventory, shows_what_came_in_under_audit_until_it_goes) {
    std::string const ns = make_namespace("ns");
    make_tenancy_over(ns, "Audit");
    EXPECT_TRUE(eventually(soon, [&] { return why_not_compliance("True EverythingAllowed"); }));
    EXPECT_EQ(why_not_counts(ns, "none"), "");
    // A Pod of the same second as the grant would count as older.
    ASSERT_TRUE(eventually(soon, [&]() -> std::string {
        return get("registrygrant", "effective", ns) ? "" : "no grant";
    }));
    ASSERT_TRUE(throughout(std::chrono::seconds(1), [] { return std::string(); }));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", std::string(allowed_image)))));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "foreign", std::string(foreign_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_counts(ns, "1/0/0"); }));
    auto const grant = get("registrygrant", "effective", ns);
    ASSERT_TRUE(grant);
    EXPECT_EQ(text_at(*grant, "/workloads/images/0/image"), foreign_image);
    EXPECT_EQ(text_at(*grant, "/workloads/images/0/verdict"), "Denied");
    EXPECT_TRUE(eventually(soon, [&] { return why_not_compliance("False ForeignImages"); }));
    EXPECT_NE(compliance().find(std::string(foreign_image)), std::string::npos) << compliance();
    EXPECT_EQ(why_not_ready(name("tenancy")), "") << "it never gates Ready";

    ASSERT_TRUE(done(kubectl({"-n", ns, "delete", "pod", "foreign", "--wait=false"})));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_counts(ns, "none"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_compliance("True EverythingAllowed"); }));
}

TEST_F(Inventory, tells_what_was_there_before_the_tenancy_from_what_came_later) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "old", std::string(foreign_image)))));
    make_tenancy_over(ns, "Deny");
    EXPECT_TRUE(eventually(soon, [&] { return why_not_counts(ns, "0/1/0"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_compliance("False ForeignImages"); }));
    EXPECT_NE(compliance().find("1 from before the tenancy"), std::string::npos) << compliance();
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "new", std::string(foreign_image))),
                        {"[RT-NotAllowed]"}));
}

/// The type that policy engines report with, as far as we write it.
Json policy_report_type() {
    Json const any = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    Json const results = {{"type", "array"}, {"items", any}};
    return {
        {"apiVersion", "apiextensions.k8s.io/v1"},
        {"kind", "CustomResourceDefinition"},
        {"metadata",
         {{"name", "policyreports.wgpolicyk8s.io"},
          {"annotations",
           {{"api-approved.kubernetes.io",
             "https://github.com/kubernetes-sigs/wg-policy-prototypes"}}}}},
        {"spec",
         {{"group", "wgpolicyk8s.io"},
          {"scope", "Namespaced"},
          {"names",
           {{"kind", "PolicyReport"},
            {"listKind", "PolicyReportList"},
            {"plural", "policyreports"},
            {"singular", "policyreport"}}},
          {"versions",
           Json::array({{{"name", "v1alpha2"},
                         {"served", true},
                         {"storage", true},
                         {"schema",
                          {{"openAPIV3Schema",
                            {{"type", "object"},
                             {"properties",
                              {{"scope", any}, {"summary", any}, {"results", results}}}}}}}}})}}}};
}

/// Runs alone: it installs a type and restarts the operator, which looks for it at the start and
/// every ten minutes.
class InventoryReports : public Inventory {
  protected:
    static CommandResult restart_operator() {
        auto const restarted = kubectl({"-n", std::string(product_namespace), "rollout", "restart",
                                        "deployment/registry-tenancy-operator"});
        return restarted.ok() ? kubectl({"-n", std::string(product_namespace), "rollout", "status",
                                         "deployment/registry-tenancy-operator", "--timeout=100s"},
                                        "", std::chrono::seconds(120))
                              : restarted;
    }
    void TearDown() override {
        kubectl({"delete", "crd", "policyreports.wgpolicyk8s.io", "--ignore-not-found"});
        Inventory::TearDown();
    }
};

TEST_F(InventoryReports, stand_in_each_namespace_where_the_cluster_has_the_type) {
    ASSERT_TRUE(done(apply(policy_report_type())));
    ASSERT_TRUE(done(kubectl({"wait", "--for=condition=Established", "--timeout=30s", "crd",
                              "policyreports.wgpolicyk8s.io"})));
    ASSERT_TRUE(done(restart_operator()));
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "old", std::string(foreign_image)))));
    make_tenancy_over(ns, "Audit");
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const report = get("policyreports.wgpolicyk8s.io", "registry-tenancy", ns);
        return report && text_at(*report, "/summary/fail") == "1" &&
                       text_at(*report, "/results/0/properties/image") == foreign_image
                   ? ""
                   : "the report is " + (report ? report->dump() : std::string("missing"));
    }));
    ASSERT_TRUE(done(kubectl({"-n", ns, "delete", "pod", "old", "--wait=false"})));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        return get("policyreports.wgpolicyk8s.io", "registry-tenancy", ns) ? "it is still there"
                                                                           : "";
    }));
}

}  // namespace
}  // namespace e2e
