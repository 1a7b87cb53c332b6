#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class Restart : public TenancyTest {
  protected:
    static CommandResult product(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"-n", std::string(product_namespace)});
        return kubectl(arguments, "", std::chrono::seconds(120));
    }
};

TEST_F(Restart, of_the_operator_mints_nothing_and_loses_nothing) {
    std::string const ns = make_governed_namespace("acr-suite-20");
    auto const first = pull_secret(ns);
    ASSERT_TRUE(first);
    // What was rotated once is not rotated again by whoever reads the annotation anew.
    ASSERT_TRUE(done(
        kubectl({"annotate", "registrytenancy", name("tenancy"), "registrytenancy.dev/rotate=1"})));
    ASSERT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && now->login() != first->login() ? why_not_ready(name("tenancy"))
                                                     : "the credential was not rotated";
    }));
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    CloudRequests const requests;
    ASSERT_TRUE(
        done(product({"delete", "pods", "-l", "app.kubernetes.io/name=registry-tenancy-operator",
                      "--grace-period=0", "--force"})));
    ASSERT_TRUE(done(
        product({"rollout", "status", "deployment/registry-tenancy-operator", "--timeout=100s"})));
    // A new tenancy is the proof that the new leader has seen everything.
    Tenancy second;
    second.name = name("second");
    second.namespaces = {make_namespace("second")};
    second.role = "acr-suite-21";
    make_tenancy(second);
    ASSERT_TRUE(eventually(std::chrono::seconds(90), [&] { return why_not_ready(second.name); }));

    EXPECT_EQ(requests.of_role("AssumeRole", "acr-suite-20").size(), 0U);
    EXPECT_EQ(requests.of_role("GetAuthorizationToken", "acr-suite-20").size(), 0U);
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    EXPECT_EQ(after->resource_version, before->resource_version) << "nothing was to be written";
    EXPECT_EQ(why_not_ready(name("tenancy")), "");
}

TEST_F(Restart, of_the_webhook_refuses_no_pod_wrongly_and_admits_none) {
    std::string const ns = make_governed_namespace("acr-suite-20");
    ASSERT_TRUE(done(product({"rollout", "restart", "deployment/registry-tenancy-webhook"})));
    int asked = 0;
    EXPECT_TRUE(eventually(std::chrono::seconds(120), [&]() -> std::string {
        auto const good = try_apply(pod_manifest(ns, "good", std::string(allowed_image)));
        EXPECT_TRUE(done(good)) << "refused wrongly during the restart";
        auto const bad = try_apply(pod_manifest(ns, "bad", std::string(foreign_image)));
        EXPECT_TRUE(refused(bad, {"[RT-NotAllowed]"}));
        ++asked;
        return product(
                   {"rollout", "status", "deployment/registry-tenancy-webhook", "--watch=false"})
                           .out.find("successfully rolled out") != std::string::npos
                   ? ""
                   : "the restart has not ended";
    }));
    EXPECT_GT(asked, 1) << "the restart was over before anything was asked";
}

}  // namespace
}  // namespace e2e
