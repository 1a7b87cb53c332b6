#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Runs alone: while it runs, no webhook decides anything.
class StaleView : public TenancyTest {
  protected:
    static CommandResult product(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"-n", std::string(product_namespace)});
        return kubectl(arguments, "", std::chrono::seconds(120));
    }
    /// Writes the settings and starts the webhook anew with them.
    static void use_settings(Json config_map, std::string const& yaml) {
        config_map["data"]["config.yaml"] = yaml;
        for (std::string const volatile_member :
             {"resourceVersion", "uid", "creationTimestamp", "managedFields"}) {
            config_map["metadata"].erase(volatile_member);
        }
        ASSERT_TRUE(done(apply(config_map, {"--server-side", "--force-conflicts"})));
        ASSERT_TRUE(done(product({"rollout", "restart", "deployment/registry-tenancy-webhook"})));
        ASSERT_TRUE(done(product(
            {"rollout", "status", "deployment/registry-tenancy-webhook", "--timeout=100s"})));
    }
    /// Empty where every webhook Pod has taken itself out of service.
    static std::string why_in_service() {
        auto const ready =
            product({"get", "pods", "-l", "app.kubernetes.io/name=registry-tenancy-webhook", "-o",
                     R"(jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status})"});
        return ready.ok() && ready.out.find("True") == std::string::npos ? "" : ready.text();
    }
};

// A webhook that is alive but can't prove its view any more must not decide by it: a tenancy might
// have been narrowed since.
TEST_F(StaleView, is_not_decided_by) {
    std::string const ns = make_governed_namespace();
    auto const config_map =
        get("configmap", "registry-tenancy-config", std::string(product_namespace));
    ASSERT_TRUE(config_map);
    std::string const settings = text_at(*config_map, "/data/config.yaml");
    std::string shorter = settings;
    auto const webhook = shorter.find("\nwebhook:\n");
    ASSERT_NE(webhook, std::string::npos);
    shorter.insert(webhook + 10, "  stalenessMaxSeconds: 15\n");
    use_settings(*config_map, shorter);
    Json const good = pod_manifest(ns, "pod", std::string(allowed_image));
    ASSERT_TRUE(eventually(soon, [&] { return try_apply(good).err; }));
    EXPECT_TRUE(throughout(std::chrono::seconds(20), [&] { return try_apply(good).err; }))
        << "a view that can be proven must not grow stale";

    auto const rights = get("clusterrolebinding", "registry-tenancy-webhook");
    ASSERT_TRUE(rights);
    ASSERT_TRUE(done(kubectl({"delete", "clusterrolebinding", "registry-tenancy-webhook"})));
    EXPECT_TRUE(eventually(std::chrono::seconds(60), [&]() -> std::string {
        auto const result = try_apply(good);
        // Ours, until its endpoints are gone; then the API server's, by failurePolicy Fail.
        bool const closed = result.err.find("[RT-PolicyUnavailable]") != std::string::npos ||
                            result.err.find("failed calling webhook") != std::string::npos;
        return !result.ok() && closed ? "" : "still decided: " + result.text();
    }));
    EXPECT_TRUE(eventually(soon, [] { return why_in_service(); }));

    Json restored = *rights;
    restored["metadata"] = {{"name", "registry-tenancy-webhook"},
                            {"labels", restored["metadata"].value("labels", Json::object())}};
    ASSERT_TRUE(done(apply(restored)));
    EXPECT_TRUE(eventually(std::chrono::seconds(90), [&] { return try_apply(good).err; }))
        << "it comes back by itself";
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "pod", std::string(foreign_image))),
                        {"[RT-NotAllowed]"}));
    use_settings(*config_map, settings);
}

}  // namespace
}  // namespace e2e
