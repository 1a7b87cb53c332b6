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

/// A type that policy engines report with.
struct ReportType {
    std::string group;
    std::string version;
    std::string plural;
    std::string kind;
    [[nodiscard]] std::string name() const { return plural + "." + group; }
};

/// Its definition, as far as we write it.
Json definition_of(ReportType const& type) {
    Json const any = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    Json const results = {{"type", "array"}, {"items", any}};
    std::string singular = type.plural;
    singular.pop_back();
    Json const schema = {{"openAPIV3Schema",
                          {{"type", "object"},
                           {"properties",
                            {{"source", {{"type", "string"}}},
                             {"scope", any},
                             {"summary", any},
                             {"results", results}}}}}};
    return {{"apiVersion", "apiextensions.k8s.io/v1"},
            {"kind", "CustomResourceDefinition"},
            {"metadata",
             {{"name", type.name()},
              {"annotations",
               {{"api-approved.kubernetes.io",
                 "https://github.com/kubernetes-sigs/wg-policy-prototypes"}}}}},
            {"spec",
             {{"group", type.group},
              {"scope", "Namespaced"},
              {"names",
               {{"kind", type.kind},
                {"listKind", type.kind + "List"},
                {"plural", type.plural},
                {"singular", singular}}},
              {"versions", Json::array({{{"name", type.version},
                                         {"served", true},
                                         {"storage", true},
                                         {"schema", schema}}})}}}};
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
        kubectl({"delete", "crd", type_, "--ignore-not-found"});
        Inventory::TearDown();
    }

    void expect_reports_of(ReportType const& type) {
        type_ = type.name();
        ASSERT_TRUE(done(apply(definition_of(type))));
        ASSERT_TRUE(
            done(kubectl({"wait", "--for=condition=Established", "--timeout=30s", "crd", type_})));
        ASSERT_TRUE(done(restart_operator()));
        std::string const ns = make_namespace("ns");
        ASSERT_TRUE(done(apply(pod_manifest(ns, "old", std::string(foreign_image)))));
        make_tenancy_over(ns, "Audit");
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            auto const report = get(type_, "registry-tenancy", ns);
            return report && text_at(*report, "/summary/fail") == "1" &&
                           text_at(*report, "/results/0/properties/image") == foreign_image
                       ? ""
                       : "the report is " + (report ? report->dump() : std::string("missing"));
        }));
        ASSERT_TRUE(done(kubectl({"-n", ns, "delete", "pod", "old", "--wait=false"})));
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            return get(type_, "registry-tenancy", ns) ? "it is still there" : "";
        }));
    }

  private:
    std::string type_;
};

TEST_F(InventoryReports, stand_in_each_namespace_as_policy_reports) {
    expect_reports_of({"wgpolicyk8s.io", "v1alpha2", "policyreports", "PolicyReport"});
}

TEST_F(InventoryReports, stand_in_each_namespace_as_reports_of_openreports) {
    expect_reports_of({"openreports.io", "v1alpha1", "reports", "Report"});
}

}  // namespace
}  // namespace e2e
