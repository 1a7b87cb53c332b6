#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class ForeignImage : public TenancyTest {};

TEST_F(ForeignImage, is_denied_for_pods_and_deployments_with_a_message_that_helps) {
    std::string const ns = make_governed_namespace();
    std::string const image(foreign_image);
    auto const pod = apply(pod_manifest(ns, "greedy", image));
    EXPECT_TRUE(refused(pod, {"[RT-NotAllowed]", image, "containers[0]", name("tenancy"), ns,
                              "cainiao", "#registry-help"}));
    EXPECT_EQ(pod.err.find("acs:ram"), std::string::npos) << "developers must not see roles";
    EXPECT_TRUE(refused(apply(deployment_manifest(ns, "greedy", image)),
                        {"[RT-NotAllowed]", image, "spec.template.spec.containers[0]"}));
    EXPECT_FALSE(get("pod", "greedy", ns));
    EXPECT_FALSE(get("deployment", "greedy", ns));
}

TEST_F(ForeignImage, is_denied_in_an_update_and_the_old_image_stays) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
    EXPECT_TRUE(refused(
        kubectl({"-n", ns, "set", "image", "deployment/a1", "main=" + std::string(foreign_image)}),
        {"[RT-NotAllowed]"}));
    EXPECT_TRUE(done(kubectl({"-n", ns, "label", "deployment/a1", "touched=yes"})));
    auto const stored = get("deployment", "a1", ns);
    ASSERT_TRUE(stored);
    EXPECT_EQ(text_at(*stored, "/spec/template/spec/containers/0/image"), allowed_image);
}

// Only images that changed are judged: what was there before the tenancy can still be touched.
TEST_F(ForeignImage, that_was_there_before_the_tenancy_may_stay) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "old", std::string(foreign_image)))));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "new", std::string(foreign_image))),
                        {"[RT-NotAllowed]"}));
    EXPECT_TRUE(done(kubectl({"-n", ns, "label", "deployment/old", "touched=yes"})));
    EXPECT_TRUE(done(kubectl({"-n", ns, "scale", "deployment/old", "--replicas=0"})));
}

TEST_F(ForeignImage, is_nobodys_business_in_an_ungoverned_namespace) {
    std::string const ns = make_namespace("ungoverned");
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "free", std::string(foreign_image)))));
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "free", "nginx"))));
}

}  // namespace
}  // namespace e2e
