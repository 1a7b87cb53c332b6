#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Whoever changes rules hears, before they hold, what they do to what is there.
class Preview : public TenancyTest {
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
