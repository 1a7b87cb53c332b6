#include "e2e/suite/support/safety_net.hpp"

#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"

namespace e2e {
namespace {

constexpr std::chrono::seconds at_most{120};
constexpr char const* configuration = "validatingwebhookconfiguration/registry-tenancy";
constexpr char const* break_glass = "registrytenancy.dev/break-glass-until";

CommandResult product(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-n", std::string(product_namespace)});
    return kubectl(arguments, "", at_most);
}

CommandResult scale(std::string const& deployment, int replicas) {
    return product({"scale", "deployment/" + deployment, "--replicas=" + std::to_string(replicas)});
}

std::string why_not_policy(std::string const& wanted) {
    auto const object = kubectl({"get", configuration, "--ignore-not-found", "-o",
                                 "jsonpath={.webhooks[0].failurePolicy}"});
    return object.out == wanted ? "" : "failurePolicy is '" + object.out + "', not " + wanted;
}

std::string why_pods_left() {
    auto const pods = product(
        {"get", "pods", "-l", "app.kubernetes.io/name=registry-tenancy-webhook", "-o", "name"});
    return pods.ok() && pods.out.empty() ? "" : "still there: " + pods.text();
}

std::string path_of(std::string const& overlay) {
    return repository() + "/config/overlays/" + overlay;
}

}  // namespace

void SafetyNetTest::install(std::string const& overlay, std::string const& ns) {
    overlays_.push_back(overlay);
    ASSERT_TRUE(done(kubectl({"apply", "-k", path_of(overlay)})));
    ASSERT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = refused_by_net(
            try_apply(pod_manifest(ns, "canary", std::string(foreign_image))), {"[RT-NotAllowed]"});
        return result ? "" : result.message();
    }));
}

void SafetyNetTest::stop_webhook() {
    stopped_ = true;
    ASSERT_TRUE(done(kubectl({"annotate", configuration, "--overwrite",
                              std::string(break_glass) + "=2099-01-01T00:00:00Z"})));
    ASSERT_TRUE(eventually(soon, [] { return why_not_policy("Ignore"); }));
    ASSERT_TRUE(done(scale("registry-tenancy-webhook", 0)));
    ASSERT_TRUE(eventually(std::chrono::seconds(90), why_pods_left));
}

void SafetyNetTest::unregister_webhook() {
    unregistered_ = true;
    ASSERT_TRUE(done(scale("registry-tenancy-publisher", 0)));
    ASSERT_TRUE(eventually(soon, []() -> std::string {
        auto const pods =
            product({"get", "pods", "-l", "app.kubernetes.io/name=registry-tenancy-publisher", "-o",
                     "name"});
        return pods.ok() && pods.out.empty() ? "" : "still there: " + pods.text();
    }));
    ASSERT_TRUE(
        done(kubectl({"delete", configuration, "mutatingwebhookconfiguration/registry-tenancy"})));
}

void SafetyNetTest::TearDown() {
    for (std::string const& overlay : overlays_) {
        EXPECT_TRUE(done(kubectl({"delete", "--ignore-not-found", "-k", path_of(overlay)})));
    }
    if (stopped_) {
        EXPECT_TRUE(done(scale("registry-tenancy-webhook", 3)));
        EXPECT_TRUE(done(product(
            {"rollout", "status", "deployment/registry-tenancy-webhook", "--timeout=100s"})));
        EXPECT_TRUE(done(kubectl({"annotate", configuration, std::string(break_glass) + "-"})));
    }
    if (unregistered_) {
        EXPECT_TRUE(done(scale("registry-tenancy-publisher", 1)));
    }
    if (stopped_ || unregistered_) {
        EXPECT_TRUE(eventually(std::chrono::seconds(90), [] { return why_not_policy("Fail"); }));
    }
    TenancyTest::TearDown();
}

testing::AssertionResult refused_by_net(CommandResult const& result,
                                        std::vector<std::string> texts) {
    texts.emplace_back("ValidatingAdmissionPolicy 'registry-tenancy-images'");
    return refused(result, texts);
}

}  // namespace e2e
