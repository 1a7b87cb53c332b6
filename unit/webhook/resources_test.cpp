#include "webhook/admission/resources.hpp"

#include <gtest/gtest.h>

#include "unit/webhook/worlds.hpp"

namespace rt::webhook {
namespace {

using test::registry_object;
using test::tenancy_object;
using test::World;

Json request_for(Json const& object, std::string const& operation = "CREATE",
                 Json const& old_object = nullptr) {
    bool const tenancy = object.at("kind") == "RegistryTenancy";
    return {{"uid", "u"},
            {"resource",
             {{"group", "registrytenancy.dev"},
              {"version", "v1alpha1"},
              {"resource", tenancy ? "registrytenancies" : "registries"}}},
            {"name", object["metadata"]["name"]},
            {"operation", operation},
            {"object", operation == "DELETE" ? Json(nullptr) : object},
            {"oldObject", operation == "DELETE" ? object : old_object}};
}

struct Resources : testing::Test {
    World world;
    AdmissionSettings settings = AdmissionSettings::from(tenancy::Settings{});

    ResourceReview review(Json const& request) {
        settings.cluster_name = "demo";
        return review_resource(request, world.view(), settings);
    }
    static bool mentions(std::vector<std::string> const& warnings, std::string const& text) {
        return std::any_of(warnings.begin(), warnings.end(), [&](auto const& warning) {
            return warning.find(text) != std::string::npos;
        });
    }
};

TEST_F(Resources, AcceptsWhatIsFine) {
    auto const result = review(request_for(tenancy_object("second", {"default"})));
    EXPECT_EQ(tenancy::to_string(result.errors), "");
    EXPECT_TRUE(result.warnings.empty()) << result.warnings[0];
    EXPECT_TRUE(
        review(request_for(registry_object("other", "registry.example.com"))).errors.empty());
}

TEST_F(Resources, ReportsEveryErrorWithItsField) {
    Json object = tenancy_object("second", {"Not_A_Name"});
    object["spec"]["enforcement"] = "Maybe";
    auto const result = review(request_for(object));
    std::string const errors = tenancy::to_string(result.errors);
    EXPECT_NE(errors.find("/spec/namespaces/0"), std::string::npos) << errors;
    EXPECT_NE(errors.find("/spec/enforcement"), std::string::npos) << errors;
}

TEST_F(Resources, RatchetsSoThatOldFaultsBlockNoUpdate) {
    Json before = tenancy_object("second", {"default"});
    before["spec"]["enforcement"] = "Maybe";
    Json after = before;
    after["metadata"]["labels"] = {{"a", "b"}};
    EXPECT_TRUE(review(request_for(after, "UPDATE", before)).errors.empty());
    after["spec"]["namespaces"] = {"Bad_Name"};
    auto const errors = review(request_for(after, "UPDATE", before)).errors;
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/namespaces/0");
}

TEST_F(Resources, RefusesAHostThatAnotherRegistryHas) {
    auto const errors = review(request_for(registry_object("thief", test::acr_host))).errors;
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/hosts/0");
    EXPECT_NE(errors[0].message.find("shared-acr"), std::string::npos);
    Json const same = registry_object("shared-acr", test::acr_host);
    EXPECT_TRUE(review(request_for(same, "UPDATE", same)).errors.empty());
}

TEST_F(Resources, RefusesARoleThatTheRegistryDoesNotAllow) {
    Json registry = registry_object("shared-acr", test::acr_host);
    registry["spec"]["allowedRoles"] = {"acs:ram::1146716667364888:role/other-*"};
    world.builder.upsert_registry(registry);
    auto const errors = review(request_for(tenancy_object("second", {"default"}))).errors;
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/registries/0/role");
}

TEST_F(Resources, RefusesASecondCredentialForTheSameKey) {
    Json second = tenancy_object("second", {"cainiao-prod"});
    second["metadata"]["creationTimestamp"] = nullptr;
    EXPECT_TRUE(review(request_for(second)).errors.empty()) << "the same role is no conflict";
    second["spec"]["registries"][0]["role"] = "acs:ram::1146716667364888:role/acr-other";
    auto const errors = review(request_for(second)).errors;
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/registries/0/role");
    EXPECT_EQ(errors[0].message.find("acs:ram"), std::string::npos);
    second["spec"]["namespaces"] = {"default"};
    EXPECT_TRUE(review(request_for(second)).errors.empty()) << "other namespaces";
}

TEST_F(Resources, WarnsOfWhatIsAllowedButOdd) {
    Json object = tenancy_object("second", {"default", "kube-system"});
    object["spec"]["registries"].push_back({{"name", "ghost"}, {"allow", {{{"namespace", "x"}}}}});
    object["spec"]["registries"][0].erase("externalID");
    auto const result = review(request_for(object));
    EXPECT_EQ(tenancy::to_string(result.errors), "");
    EXPECT_TRUE(mentions(result.warnings, "kube-system"));
    EXPECT_TRUE(mentions(result.warnings, "ghost"));
    EXPECT_TRUE(mentions(result.warnings, "externalID"));
}

TEST_F(Resources, WarnsWhereADeletionOpensNamespaces) {
    Json const cainiao = tenancy_object("cainiao", {"cainiao-prod"});
    auto const result = review(request_for(cainiao, "DELETE"));
    EXPECT_TRUE(result.errors.empty());
    EXPECT_TRUE(mentions(result.warnings, "cainiao-prod"));
    settings.unmanaged = tenancy::UnmanagedNamespaces::Deny;
    EXPECT_TRUE(review(request_for(cainiao, "DELETE")).warnings.empty());
    settings.unmanaged = tenancy::UnmanagedNamespaces::Allow;
    world.builder.upsert_tenancy(tenancy_object("second", {"cainiao-prod"}));
    EXPECT_TRUE(review(request_for(cainiao, "DELETE")).warnings.empty()) << "still governed";
    EXPECT_TRUE(mentions(
        review(request_for(registry_object("shared-acr", test::acr_host), "DELETE")).warnings,
        "2 RegistryTenancies"));
}

TEST_F(Resources, WarnsOfTenanciesThatAChangedRegistryLeavesWithoutACredential) {
    Json registry = registry_object("shared-acr", test::acr_host);
    EXPECT_TRUE(review(request_for(registry, "UPDATE", registry)).warnings.empty());
    registry["spec"]["allowedRoles"] = {"acs:ram::1146716667364888:role/other-*"};
    auto const result =
        review(request_for(registry, "UPDATE", registry_object("shared-acr", test::acr_host)));
    EXPECT_TRUE(result.errors.empty()) << "platform teams may do that";
    ASSERT_EQ(result.warnings.size(), 1U);
    EXPECT_EQ(result.warnings[0].find("RegistryTenancy \"cainiao\" gets no credential any more"),
              0U);
    EXPECT_TRUE(mentions(result.warnings, "allowedRoles"));
    world.builder.upsert_registry(registry);
    EXPECT_TRUE(review(request_for(registry, "UPDATE", registry)).warnings.empty())
        << "nothing that wasn't so before";
}

TEST_F(Resources, WithoutAnIndexItChecksTheObjectAloneAndSaysSo) {
    auto const result = review_resource(request_for(registry_object("thief", test::acr_host)),
                                        PolicyView{}, settings);
    EXPECT_TRUE(result.errors.empty());
    ASSERT_EQ(result.warnings.size(), 1U);
    Json broken = tenancy_object("x", {"default"});
    broken["spec"]["registries"] = 1;
    EXPECT_FALSE(review_resource(request_for(broken), PolicyView{}, settings).errors.empty());
}

TEST_F(Resources, LeavesEverythingElseAlone) {
    Json other = request_for(tenancy_object("second", {"Not_A_Name"}));
    other["subResource"] = "status";
    EXPECT_TRUE(review(other).errors.empty());
    other.erase("subResource");
    other["resource"]["resource"] = "registrygrants";
    EXPECT_TRUE(review(other).errors.empty());
    for (Json const& odd : {Json(nullptr), Json(7), Json::object(), Json{{"resource", 7}}}) {
        EXPECT_TRUE(review(odd).errors.empty());
    }
}

}  // namespace
}  // namespace rt::webhook
