#include "webhook/admission/resources.hpp"

#include <gtest/gtest.h>

#include "unit/webhook/worlds.hpp"

namespace rt::webhook {
namespace {

using test::exception_object;
using test::registry_object;
using test::tenancy_object;
using test::World;

Json request_for(Json const& object, std::string const& operation = "CREATE",
                 Json const& old_object = nullptr) {
    std::string const kind = object.at("kind");
    return {{"uid", "u"},
            {"resource",
             {{"group", "registrytenancy.dev"},
              {"version", "v1alpha1"},
              {"resource", kind == "RegistryTenancy"     ? "registrytenancies"
                           : kind == "RegistryException" ? "registryexceptions"
                                                         : "registries"}}},
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
        return review_resource(request, world.view(), settings, world.clock.wall_now());
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
                                        PolicyView{}, settings, {});
    EXPECT_TRUE(result.errors.empty());
    ASSERT_EQ(result.warnings.size(), 1U);
    Json broken = tenancy_object("x", {"default"});
    broken["spec"]["registries"] = 1;
    EXPECT_FALSE(review_resource(request_for(broken), PolicyView{}, settings, {}).errors.empty());
}

Json borrowed(std::string const& path) {
    return {{"registry", "shared-acr"}, {"namespace", path}};
}

/// An exception whose session policy no cloud takes.
Json bursting(std::vector<std::string> namespaces) {
    Json object = exception_object("x", std::move(namespaces), borrowed("alipay"));
    for (int i = 0; i < 60; ++i) {
        object["spec"]["images"].push_back(
            borrowed("a-rather-long-registry-namespace-name-" + std::to_string(i)));
    }
    return object;
}

TEST_F(Resources, AcceptsAnExceptionThatWorks) {
    auto const result =
        review(request_for(exception_object("x", {"cainiao-prod"}, borrowed("alipay"))));
    EXPECT_EQ(result.kind, "RegistryException");
    EXPECT_EQ(tenancy::to_string(result.errors), "");
    EXPECT_TRUE(result.warnings.empty()) << result.warnings[0];
}

TEST_F(Resources, RefusesAnExceptionThatCannotBeReadOrBurstsTheSessionPolicy) {
    Json object = exception_object("x", {"cainiao-prod"}, borrowed("alipay"));
    object["spec"].erase("reason");
    object["spec"]["expiresAt"] = "tomorrow";
    std::string const errors = tenancy::to_string(review(request_for(object)).errors);
    EXPECT_NE(errors.find("/spec/reason"), std::string::npos) << errors;
    EXPECT_NE(errors.find("/spec/expiresAt"), std::string::npos) << errors;
    EXPECT_NE(errors.find("tomorrow"), std::string::npos) << errors;

    auto const burst = review(request_for(bursting({"cainiao-prod"}))).errors;
    ASSERT_EQ(burst.size(), 1U);
    EXPECT_EQ(burst[0].pointer, "/spec/images");
    EXPECT_NE(burst[0].message.find("cainiao-prod"), std::string::npos) << burst[0].message;
    EXPECT_NE(burst[0].message.find("bytes"), std::string::npos) << burst[0].message;
    EXPECT_TRUE(review(request_for(bursting({"default"}))).errors.empty())
        << "no credential, no session policy";
}

TEST_F(Resources, RatchetsExceptionsToo) {
    Json const before = bursting({"cainiao-prod"});
    Json after = before;
    after["spec"]["ticket"] = "INC-1";
    EXPECT_TRUE(review(request_for(after, "UPDATE", before)).errors.empty());
    after["spec"]["images"].push_back(borrowed("one-more"));
    EXPECT_EQ(review(request_for(after, "UPDATE", before)).errors.size(), 1U) << "made worse";
    EXPECT_EQ(review(request_for(before, "UPDATE",
                                 exception_object("x", {"cainiao-prod"}, borrowed("alipay"))))
                  .errors.size(),
              1U);
}

TEST_F(Resources, AcceptsAnExceptionThatHasEndedWithNothingButAWarning) {
    Json object = bursting({"cainiao-prod", "nowhere"});
    object["spec"]["expiresAt"] = "2026-01-01T00:00:00Z";
    auto const result = review(request_for(object));
    EXPECT_EQ(tenancy::to_string(result.errors), "");
    ASSERT_EQ(result.warnings.size(), 1U);
    EXPECT_NE(result.warnings[0].find("has ended (2026-01-01T00:00:00Z)"), std::string::npos);
    settings.exception_life_max = std::chrono::hours(1);
    object["spec"]["expiresAt"] = "2026-02-01T00:00:00Z";
    EXPECT_TRUE(mentions(review(request_for(object)).warnings, "has ended"))
        << "by the setting, counted from its creation";
}

TEST_F(Resources, WarnsOfWhatAnExceptionWillNotDo) {
    Json object = exception_object("x", {"cainiao-prod", "default", "nowhere", "kube-system"},
                                   {{"registry", "ghost"}, {"namespace", "a"}});
    auto const warnings = review(request_for(object)).warnings;
    EXPECT_TRUE(mentions(warnings, "kube-system"));
    EXPECT_TRUE(mentions(warnings, "\"ghost\" does not exist"));
    EXPECT_TRUE(mentions(warnings, "\"default\": no RegistryTenancy governs it"));
    EXPECT_TRUE(mentions(warnings, "\"nowhere\": does not exist"));
    object["spec"]["namespaces"] = {"a1", "a2", "a3", "a4", "a5"};
    auto const many = review(request_for(object)).warnings;
    ASSERT_EQ(many.size(), 4U);
    EXPECT_EQ(many[3], "and 3 more warnings of this kind");

    world.builder.upsert_registry(registry_object("other-acr", "other.example.com"));
    auto const without = review(request_for(
        exception_object("x", {"cainiao-prod"}, {{"registry", "other-acr"}, {"namespace", "a"}})));
    EXPECT_TRUE(without.errors.empty());
    EXPECT_TRUE(mentions(without.warnings, "no RegistryTenancy gives this namespace a credential"));

    auto const blind = review_resource(request_for(bursting({"cainiao-prod"})), PolicyView{},
                                       settings, world.clock.wall_now());
    EXPECT_TRUE(blind.errors.empty());
    ASSERT_EQ(blind.warnings.size(), 1U) << "that it was checked alone";
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
