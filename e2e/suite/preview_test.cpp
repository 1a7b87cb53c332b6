#include <nlohmann/json.hpp>

#include "e2e/suite/support/custom_kinds.hpp"
#include "e2e/suite/support/environment.hpp"

namespace e2e {
namespace {

/// Whoever changes rules hears, before they hold, what they do to what is there.
class Preview : public CustomKindTest {
  protected:
    Tenancy tenancy(std::vector<std::string> namespaces) const {
        Tenancy made;
        made.name = name("tenancy");
        made.namespaces = std::move(namespaces);
        return made;
    }
    /// Empty when the warnings of the command show each of the texts.
    static std::string why_not_warned(CommandResult const& result,
                                      std::vector<std::string> const& texts) {
        for (std::string const& text : texts) {
            if (!result.ok() || result.err.find(text) == std::string::npos) {
                return "no warning '" + text + "' in: " + result.text();
            }
        }
        return {};
    }
};

TEST_F(Preview, of_a_new_tenancy_names_what_it_would_deny) {
    std::string const ns = make_namespace("ns");
    Json deployment = deployment_manifest(ns, "old", std::string(foreign_image));
    deployment["spec"]["replicas"] = 2;
    ASSERT_TRUE(done(apply(deployment)));
    ASSERT_TRUE(done(apply(workload_manifest("CronJob", ns, "nightly", "nginx"))));
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "fine", std::string(allowed_image)))));
    ASSERT_TRUE(eventually(
        soon, [&] { return list("pods", ns).size() == 3 ? "" : "the Pods are missing"; }));
    Json const manifest = tenancy({ns}).manifest();
    // The webhook learns of the namespace by its watch.
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(manifest), {"Warning: newly denies 2 workloads and 2 Pods",
                                                    ns, "Deployment old", "CronJob nightly"});
    }));
    EXPECT_FALSE(get("registrytenancy", name("tenancy"))) << "it was a dry run";
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "still-free", "nginx"))));
    make_ready_tenancy(tenancy({ns}));
    EXPECT_EQ(list("pods", ns).size(), 3U) << "what runs goes on";
}

TEST_F(Preview, of_narrowing_and_of_widening_names_both_sides) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "web", std::string(allowed_image)))));
    Tenancy narrowed = tenancy({ns});
    narrowed.allow = {{"repository", "base/jdk"}};
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(narrowed.manifest()),
                              {"newly denies 1 workload", "Deployment web", ns});
    }));
    Tenancy same = tenancy({ns});
    auto const unchanged = try_apply(same.manifest());
    ASSERT_TRUE(done(unchanged));
    EXPECT_EQ(unchanged.err.find("newly"), std::string::npos) << unchanged.err;

    ASSERT_TRUE(done(apply(narrowed.manifest())));
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(same.manifest()),
                              {"newly allows 1 workload", "Deployment web"});
    }));
    Tenancy audited = narrowed;
    audited.enforcement = "Audit";
    EXPECT_EQ(why_not_warned(try_apply(audited.manifest()), {"newly allows 1 workload"}), "");
}

TEST_F(Preview, of_custom_kinds_counts_them_like_workloads) {
    install_kind("apps.kruise.io", "clonesets", "CloneSet");
    std::string const ns = make_governed_namespace();
    Json const clone_set = custom_manifest("apps.kruise.io", "CloneSet", ns, "clones",
                                           {{"template", template_with(allowed_image)}});
    ASSERT_TRUE(done(apply(clone_set)));
    Tenancy narrowed = tenancy({ns});
    narrowed.allow = {{"repository", "base/jdk"}};
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(narrowed.manifest()),
                              {"newly denies 1 workload", ns, "CloneSet clones"});
    }));
    // A cluster whose admins took the right away: the preview says what it has not seen.
    std::string const cluster_role = "clusterrole/registry-tenancy-webhook";
    Json const role = *get("clusterrole", "registry-tenancy-webhook");
    std::size_t index = 0;
    while (text_at(role, "/rules/" + std::to_string(index) + "/apiGroups/0") != "apps.kruise.io") {
        ASSERT_LT(++index, role.at("rules").size());
    }
    std::string const path = "/rules/" + std::to_string(index);
    auto const patch = [&](Json const& value) {
        return kubectl(
            {"patch", cluster_role, "--type=json", "-p",
             Json::array({{{"op", "replace"}, {"path", path + "/resources"}, {"value", value}}})
                 .dump()});
    };
    ASSERT_TRUE(done(patch(Json::array({"nothing"}))));
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(narrowed.manifest()),
                              {"this preview is not complete", "may not list",
                               "clonesets.apps.kruise.io", "registry-tenancy-webhook"});
    }));
    EXPECT_TRUE(done(patch(role.at("rules").at(index).at("resources"))));
}

TEST_F(Preview, of_a_deletion_names_what_it_sets_free) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "old", std::string(foreign_image)))));
    make_ready_tenancy(tenancy({ns}));
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(
            kubectl({"delete", "--dry-run=server", "registrytenancy", name("tenancy")}),
            {"nothing governs 1 namespace any more", "newly allows 1 workload", "Deployment old"});
    }));
    EXPECT_TRUE(get("registrytenancy", name("tenancy")));
}

TEST_F(Preview, of_a_registry_reaches_the_tenancies_that_name_it) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "web", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(kubectl({"delete", "--dry-run=server", "registry", "shared-acr"}),
                              {"named by", "newly denies"});
    }));
}

}  // namespace
}  // namespace e2e
