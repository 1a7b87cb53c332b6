#include "operator/publish/configurations.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/image_doors.hpp"

namespace rt::op::publish {
namespace {

class ConfigurationsTest : public testing::Test {
  protected:
    std::vector<Json> make(bool break_glass = false) {
        return make_configurations({&settings_, "CA", "uid-1", break_glass});
    }
    tenancy::Settings settings_;
};

TEST_F(ConfigurationsTest, OnlyTheDecidingWebhookFailsClosed) {
    auto const made = make();
    ASSERT_EQ(made.size(), 3U);
    EXPECT_EQ(made[0]["kind"], "MutatingWebhookConfiguration");
    EXPECT_EQ(made[0]["webhooks"][0]["failurePolicy"], "Ignore");
    EXPECT_EQ(made[1]["webhooks"][0]["failurePolicy"], "Fail");
    EXPECT_EQ(made[2]["webhooks"][0]["failurePolicy"], "Ignore");
    EXPECT_EQ(make(true)[1]["webhooks"][0]["failurePolicy"], "Ignore");
}

TEST_F(ConfigurationsTest, EphemeralContainersAndEveryTemplateKindAreListed) {
    std::set<std::string> resources;
    Json const validating = make()[1];
    for (Json const& rule : validating["webhooks"][0]["rules"]) {
        for (Json const& resource : rule["resources"]) {
            resources.insert(resource);
        }
    }
    EXPECT_TRUE(resources.contains("pods"));
    EXPECT_TRUE(resources.contains("pods/ephemeralcontainers"));
    for (auto const& kind : tenancy::template_kinds()) {
        EXPECT_TRUE(resources.contains(std::string(kind.resource))) << kind.resource;
    }
}

TEST_F(ConfigurationsTest, CustomKindsOfTheSettingsAreListedInEveryVersion) {
    settings_.custom_kinds = {
        *tenancy::CustomKind::parse("example.com/things", {"spec.a", "spec.b"})};
    Json const rules = make()[1]["webhooks"][0]["rules"];
    EXPECT_EQ(rules.size(), 2 + tenancy::template_kinds().size() + 1);
    EXPECT_EQ(rules.back(), Json::parse(R"({"apiGroups": ["example.com"], "apiVersions": ["*"],
        "resources": ["things"], "operations": ["CREATE", "UPDATE"], "scope": "Namespaced"})"));
    EXPECT_EQ(make()[0]["webhooks"][0]["rules"].size(), 1U) << "only Pods are changed";
}

TEST_F(ConfigurationsTest, NamespacesAreExcludedByNameOnlyAndObjectsNever) {
    settings_.excluded_namespaces = {"cni-system"};
    for (Json const& made : make()) {
        Json const& webhook = made["webhooks"][0];
        EXPECT_FALSE(webhook.contains("objectSelector"));
        EXPECT_FALSE(webhook.contains("matchConditions"));
        if (webhook.contains("namespaceSelector")) {
            Json const& expression = webhook["namespaceSelector"]["matchExpressions"][0];
            EXPECT_EQ(expression["key"], "kubernetes.io/metadata.name");
            EXPECT_EQ(expression["operator"], "NotIn");
            EXPECT_EQ(expression["values"],
                      Json::parse(R"(["kube-system","registry-tenancy-system","cni-system"])"));
        }
    }
}

TEST_F(ConfigurationsTest, TheClusterRoleOwnsThem) {
    for (Json const& made : make()) {
        Json const& owner = made["metadata"]["ownerReferences"][0];
        EXPECT_EQ(owner["kind"], "ClusterRole");
        EXPECT_EQ(owner["name"], "registry-tenancy-webhook");
        EXPECT_EQ(owner["uid"], "uid-1");
        EXPECT_EQ(made["webhooks"][0]["clientConfig"]["caBundle"], base64_encode("CA"));
        EXPECT_EQ(ca_bundles_of(made), std::vector<std::string>{"CA"});
    }
}

TEST(BreakGlass, LastsUntilItsTimeAndIgnoresNonsense) {
    WallTime const now = *parse_rfc3339("2026-01-02T03:04:05Z");
    auto const with = [](std::string const& value) {
        return Json{{"metadata", {{"annotations", {{break_glass_annotation, value}}}}}};
    };
    EXPECT_TRUE(break_glass_active(with("2026-01-02T03:04:06Z"), now));
    EXPECT_FALSE(break_glass_active(with("2026-01-02T03:04:05Z"), now));
    EXPECT_FALSE(break_glass_active(with("for ever"), now));
    EXPECT_FALSE(break_glass_active(Json::object(), now));
}

}  // namespace
}  // namespace rt::op::publish
