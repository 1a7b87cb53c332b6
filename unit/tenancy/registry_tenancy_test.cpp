#include "lib/tenancy/registry_tenancy.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::errors_of;
using testing::object;
using testing::tenancy_spec;

Json full_spec() {
    return {{"namespaces", {"cainiao-prod", "cainiao-staging"}},
            {"namespaceSelector",
             {{"matchLabels", {{"team", "cainiao"}}},
              {"matchExpressions",
               {{{"key", "env"}, {"operator", "In"}, {"values", {"dev", "test"}}},
                {{"key", "frozen"}, {"operator", "DoesNotExist"}}}}}},
            {"registries",
             {{{"name", "shared-acr"},
               {"role", "acs:ram::1146716667364888:role/acr-cainiao"},
               {"externalID", "{cluster}"},
               {"sessionDurationSeconds", 1800},
               {"allow",
                {{{"namespace", "cainiao"}},
                 {{"namespace", "*"}},
                 {{"repository", "base/jdk"}, {"deprecated", "use cainiao/jdk"}}}}},
              {{"name", "docker-hub"}, {"allow", {{{"repository", "library/nginx"}}}}}}},
            {"enforcement", "Warn"},
            {"imagePullSecrets", {{"policy", "Listed"}, {"allowed", {"b", "a"}}}},
            {"pullPolicy", "Always"},
            {"contact", "#registry-help"},
            {"docsURL", "https://wiki.example.com/registry"}};
}

TEST(RegistryTenancy, ReadsEveryField) {
    auto const tenancy = RegistryTenancy::parse(object("RegistryTenancy", "cainiao", full_spec()));
    ASSERT_TRUE(tenancy) << errors_of(tenancy.error());
    EXPECT_EQ(tenancy->meta.name, "cainiao");
    EXPECT_TRUE(tenancy->meta.creation_timestamp);
    EXPECT_EQ(tenancy->namespaces, (std::vector<std::string>{"cainiao-prod", "cainiao-staging"}));
    ASSERT_EQ(tenancy->registries.size(), 2U);
    TenancyRegistry const& acr = tenancy->registries[0];
    EXPECT_EQ(acr.role->str(), "acs:ram::1146716667364888:role/acr-cainiao");
    EXPECT_EQ(acr.external_id, "{cluster}");
    EXPECT_EQ(acr.session_duration_seconds, 1800);
    ASSERT_EQ(acr.allow.size(), 3U);
    EXPECT_EQ(acr.allow[0].display(), "cainiao/*");
    EXPECT_EQ(acr.allow[1].display(), "*");
    EXPECT_EQ(acr.allow[2].display(), "base/jdk");
    EXPECT_EQ(acr.allow[2].deprecated, "use cainiao/jdk");
    EXPECT_EQ(tenancy->enforcement, Enforcement::Warn);
    EXPECT_TRUE(tenancy->pull_secrets.listed);
    EXPECT_EQ(tenancy->pull_secrets.allowed, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(tenancy->pull_always);
    EXPECT_EQ(tenancy->contact, "#registry-help");
    EXPECT_EQ(tenancy->docs_url, "https://wiki.example.com/registry");
}

TEST(RegistryTenancy, DefaultsAreTheSafeOnes) {
    auto const tenancy = RegistryTenancy::parse(object("RegistryTenancy", "t", tenancy_spec()));
    ASSERT_TRUE(tenancy) << errors_of(tenancy.error());
    EXPECT_EQ(tenancy->enforcement, Enforcement::Deny);
    EXPECT_FALSE(tenancy->pull_secrets.listed);
    EXPECT_FALSE(tenancy->baseline);
    EXPECT_FALSE(tenancy->pull_always);
}

TEST(RegistryTenancy, RoundTrips) {
    Json baseline = tenancy_spec();
    baseline.erase("namespaces");
    baseline["baseline"] = true;
    for (Json const& spec : {full_spec(), tenancy_spec(), baseline}) {
        auto const first = RegistryTenancy::parse(object("RegistryTenancy", "t", spec));
        ASSERT_TRUE(first) << errors_of(first.error());
        auto const second =
            RegistryTenancy::parse(object("RegistryTenancy", "t", first->spec_json()));
        ASSERT_TRUE(second) << errors_of(second.error());
        EXPECT_EQ(second->spec_json(), first->spec_json());
        EXPECT_EQ(second->registries, first->registries);
        EXPECT_EQ(second->namespace_selector, first->namespace_selector);
        EXPECT_EQ(second->pull_secrets, first->pull_secrets);
        EXPECT_EQ(second->baseline, first->baseline);
    }
}

TEST(RegistryTenancy, GovernsByNameAndByLabelButNeverAsABaseline) {
    auto tenancy = RegistryTenancy::parse(object("RegistryTenancy", "t", full_spec())).value();
    EXPECT_TRUE(tenancy.governs("cainiao-prod", {}));
    EXPECT_TRUE(tenancy.governs("other", {{"team", "cainiao"}, {"env", "dev"}}));
    EXPECT_FALSE(tenancy.governs("other", {{"team", "cainiao"}}));
    EXPECT_FALSE(tenancy.governs("other", {{"team", "cainiao"}, {"env", "dev"}, {"frozen", ""}}));
    EXPECT_FALSE(tenancy.governs("cainiao-pro", {}));
    tenancy.baseline = true;
    EXPECT_FALSE(tenancy.governs("cainiao-prod", {}));
}

struct Broken {
    std::string what;
    std::function<void(Json&)> break_it;
    std::string pointer;
    std::string message;
};

std::vector<Broken> broken_specs() {
    auto const entry = [](Json& spec) -> Json& { return spec["registries"][0]; };
    auto const allow = [](Json& spec) -> Json& { return spec["registries"][0]["allow"][0]; };
    return {
        {"selects nothing", [](Json& s) { s.erase("namespaces"); }, "/spec",
         "selects no namespaces"},
        {"empty names", [](Json& s) { s["namespaces"] = Json::array(); }, "/spec",
         "selects no namespaces"},
        {"wildcard", [](Json& s) { s["namespaces"] = {"team-*"}; }, "/spec/namespaces/0",
         "namespaceSelector"},
        {"namespace twice", [](Json& s) { s["namespaces"] = {"a", "a"}; }, "/spec/namespaces/1",
         "twice"},
        {"namespace too long", [](Json& s) { s["namespaces"] = {std::string(64, 'a')}; },
         "/spec/namespaces/0", "at most 63"},
        {"empty selector", [](Json& s) { s["namespaceSelector"] = Json::object(); },
         "/spec/namespaceSelector", "match every namespace"},
        {"bad operator",
         [](Json& s) {
             s["namespaceSelector"] = {{"matchExpressions", {{{"key", "a"}, {"operator", "Is"}}}}};
         },
         "/spec/namespaceSelector/matchExpressions/0/operator", ""},
        {"baseline with names", [](Json& s) { s["baseline"] = true; }, "/spec/baseline",
         "stands instead of"},
        {"no registries", [](Json& s) { s.erase("registries"); }, "/spec/registries",
         "is required"},
        {"empty registries", [](Json& s) { s["registries"] = Json::array(); }, "/spec/registries",
         "is empty"},
        {"registry twice",
         [](Json& s) {
             Json copy = s["registries"][0];
             s["registries"].push_back(copy);
         },
         "/spec/registries/1/name", "twice"},
        {"registry a host", [=](Json& s) { entry(s)["name"] = "registry.example.com:5000"; },
         "/spec/registries/0/name", "kubectl get registries"},
        {"no name", [=](Json& s) { entry(s).erase("name"); }, "/spec/registries/0/name",
         "is required"},
        {"role", [=](Json& s) { entry(s)["role"] = "acr-cainiao"; }, "/spec/registries/0/role",
         "acs:ram::"},
        {"role placeholder",
         [=](Json& s) { entry(s)["role"] = "acs:ram::1146716667364888:role/{team}"; },
         "/spec/registries/0/role", "{cluster}"},
        {"external ID without role", [=](Json& s) { entry(s).erase("role"); },
         "/spec/registries/0/externalID", "together with role"},
        {"external ID characters", [=](Json& s) { entry(s)["externalID"] = "a b"; },
         "/spec/registries/0/externalID", "letters, digits"},
        {"external ID too short", [=](Json& s) { entry(s)["externalID"] = "a"; },
         "/spec/registries/0/externalID", "at least 2"},
        {"external ID too long", [=](Json& s) { entry(s)["externalID"] = std::string(1225, 'a'); },
         "/spec/registries/0/externalID", "shorten"},
        {"session too short", [=](Json& s) { entry(s)["sessionDurationSeconds"] = 899; },
         "/spec/registries/0/sessionDurationSeconds", "900 to 43200"},
        {"session too long", [=](Json& s) { entry(s)["sessionDurationSeconds"] = 43201; },
         "/spec/registries/0/sessionDurationSeconds", "900 to 43200"},
        {"session text", [=](Json& s) { entry(s)["sessionDurationSeconds"] = "1h"; },
         "/spec/registries/0/sessionDurationSeconds", "whole number"},
        {"session huge",
         [=](Json& s) { entry(s)["sessionDurationSeconds"] = 18446744073709551615ULL; },
         "/spec/registries/0/sessionDurationSeconds", "whole number"},
        {"no allow", [=](Json& s) { entry(s).erase("allow"); }, "/spec/registries/0/allow",
         "is required"},
        {"empty allow", [=](Json& s) { entry(s)["allow"] = Json::array(); },
         "/spec/registries/0/allow", "is empty"},
        {"both keys", [=](Json& s) { allow(s)["repository"] = "a/b"; },
         "/spec/registries/0/allow/0", "keep one"},
        {"no key", [=](Json& s) { allow(s) = Json::object(); }, "/spec/registries/0/allow/0",
         "set one of them"},
        {"allow text", [=](Json& s) { allow(s) = "cainiao"; }, "/spec/registries/0/allow/0",
         "no object"},
        {"namespace slash", [=](Json& s) { allow(s)["namespace"] = "cainiao/"; },
         "/spec/registries/0/allow/0/namespace", "slashes at the ends"},
        {"namespace star", [=](Json& s) { allow(s)["namespace"] = "cainiao/*"; },
         "/spec/registries/0/allow/0/namespace", "wildcards"},
        {"repository star", [=](Json& s) { allow(s) = {{"repository", "*"}}; },
         "/spec/registries/0/allow/0/repository", "wildcards"},
        {"repository tag", [=](Json& s) { allow(s) = {{"repository", "base/jdk:17"}}; },
         "/spec/registries/0/allow/0/repository", "tag"},
        {"deprecated long", [=](Json& s) { allow(s)["deprecated"] = std::string(121, 'x'); },
         "/spec/registries/0/allow/0/deprecated", "shorten"},
        {"deprecated lines", [=](Json& s) { allow(s)["deprecated"] = "a\nb"; },
         "/spec/registries/0/allow/0/deprecated", "one line"},
        {"enforcement", [](Json& s) { s["enforcement"] = "deny"; }, "/spec/enforcement",
         "write Deny"},
        {"pull secrets policy", [](Json& s) { s["imagePullSecrets"] = {{"policy", "None"}}; },
         "/spec/imagePullSecrets/policy", "one of"},
        {"pull secrets any",
         [](Json& s) { s["imagePullSecrets"] = {{"policy", "Any"}, {"allowed", {"a"}}}; },
         "/spec/imagePullSecrets/allowed", "Listed"},
        {"pull secret name",
         [](Json& s) { s["imagePullSecrets"] = {{"policy", "Listed"}, {"allowed", {"A"}}}; },
         "/spec/imagePullSecrets/allowed/0", "no Secret name"},
        {"pull policy", [](Json& s) { s["pullPolicy"] = "Never"; }, "/spec/pullPolicy", "Always"},
        {"contact", [](Json& s) { s["contact"] = "a\tb"; }, "/spec/contact", "one line"},
        {"docs", [](Json& s) { s["docsURL"] = "wiki"; }, "/spec/docsURL", "https://"},
        {"docs script", [](Json& s) { s["docsURL"] = "javascript:alert(1)"; }, "/spec/docsURL",
         "https://"},
        {"unknown", [](Json& s) { s["enforcment"] = "Deny"; }, "/spec/enforcment",
         "did you mean enforcement?"},
        {"unknown in allow", [=](Json& s) { allow(s)["namespaces"] = "x"; },
         "/spec/registries/0/allow/0/namespaces", "did you mean namespace?"},
    };
}

TEST(RegistryTenancy, ReportsEveryRuleWithPointerValueAndFix) {
    for (auto const& one : broken_specs()) {
        Json spec = tenancy_spec();
        one.break_it(spec);
        auto const tenancy = RegistryTenancy::parse(object("RegistryTenancy", "t", spec));
        ASSERT_FALSE(tenancy) << one.what;
        bool found = false;
        for (auto const& error : tenancy.error()) {
            found = found || (error.pointer == one.pointer &&
                              error.message.find(one.message) != std::string::npos);
        }
        EXPECT_TRUE(found) << one.what << ":\n" << errors_of(tenancy.error());
    }
}

TEST(RegistryTenancy, WhatIsSalvagedOfABrokenObjectNeverAllowsMoreAndStillGoverns) {
    for (auto const& one : broken_specs()) {
        Json spec = tenancy_spec();
        one.break_it(spec);
        auto const salvaged = RegistryTenancy::salvage(object("RegistryTenancy", "t", spec));
        EXPECT_EQ(salvaged.enforcement, Enforcement::Deny) << one.what;
        for (auto const& registry : salvaged.registries) {
            for (auto const& entry : registry.allow) {
                // Nothing wider than what the unbroken object allows.
                EXPECT_EQ(entry.display(), "cainiao/*") << one.what;
            }
        }
    }
    Json spec = tenancy_spec();
    spec["registries"][0]["role"] = "nonsense";
    spec["enforcement"] = "Sometimes";
    auto const salvaged = RegistryTenancy::salvage(object("RegistryTenancy", "t", spec));
    EXPECT_TRUE(salvaged.governs("cainiao-prod", {}));
    EXPECT_EQ(salvaged.registries.at(0).allow.size(), 1U);
    EXPECT_FALSE(salvaged.registries.at(0).role);
}

TEST(RegistryTenancy, LengthsCountCharactersAsTheApiServerDoes) {
    Json spec = tenancy_spec();
    std::string contact;
    for (int i = 0; i < 256; ++i) {
        contact += "\xc3\xa9";
    }
    spec["contact"] = contact;
    EXPECT_TRUE(RegistryTenancy::parse(object("RegistryTenancy", "t", spec)));
    spec["contact"] = contact + "x";
    EXPECT_FALSE(RegistryTenancy::parse(object("RegistryTenancy", "t", spec)));
}

}  // namespace
}  // namespace rt::tenancy
