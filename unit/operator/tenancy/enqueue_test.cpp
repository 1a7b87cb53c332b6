#include "operator/tenancy/enqueue.hpp"

#include <gtest/gtest.h>

#include "unit/operator/tenancy/objects.hpp"

namespace rt::op {
namespace {

using Names = std::vector<std::string>;

TenancyPointer parsed(Json const& object) {
    auto result = tenancy::RegistryTenancy::parse(object);
    EXPECT_TRUE(result) << (result ? "" : tenancy::to_string(result.error()));
    return std::make_shared<tenancy::RegistryTenancy const>(std::move(*result));
}

Json selecting(std::string const& name, std::string const& team) {
    Json object = test::tenancy(name, {}, {"x"});
    object["spec"]["namespaceSelector"] = {{"matchLabels", {{"team", team}}}};
    return object;
}

class Enqueue : public testing::Test {
  protected:
    Enqueue() {
        namespaces["a1"] = {"1", {{"team", "a"}}, false};
        namespaces["a2"] = {"2", {{"team", "a"}}, false};
        namespaces["b1"] = {"3", {{"team", "b"}}, false};
        namespaces["free"] = {"4", {}, false};
        Json baseline = test::tenancy("base", {}, {"sidecars"});
        baseline["spec"]["baseline"] = true;
        baseline["spec"]["registries"][0]["name"] = "other-acr";
        base = parsed(baseline);
        by_label = parsed(selecting("team-a", "a"));
        by_name = parsed(test::tenancy("b", {"b1", "not-there"}, {"x"}));
        Json source = test::other_acr();
        source["spec"]["alibabaACR"]["identity"] = {{"type", "AccessKey"},
                                                    {"accessKey", {{"secretName", "keys"}}}};
        auto other = tenancy::Registry::parse(source);
        auto shared = tenancy::Registry::parse(test::shared_acr());
        rules = Rules({base, by_label, by_name}, {},
                      tenancy::RegistryCatalog(
                          {std::make_shared<tenancy::Registry const>(std::move(*other)),
                           std::make_shared<tenancy::Registry const>(std::move(*shared))}),
                      {}, {});
    }
    NamespaceMap namespaces;
    TenancyPointer base;
    TenancyPointer by_label;
    TenancyPointer by_name;
    Rules rules;
};

TEST_F(Enqueue, AChangedTenancyConcernsWhatItGovernedAndGoverns) {
    EXPECT_EQ(namespaces_of_change(nullptr, by_label.get(), rules, namespaces),
              (Names{"a1", "a2"}));
    EXPECT_EQ(namespaces_of_change(by_label.get(), by_name.get(), rules, namespaces),
              (Names{"a1", "a2", "b1"}));
    EXPECT_EQ(namespaces_of_change(by_name.get(), nullptr, rules, namespaces), (Names{"b1"}));
    EXPECT_TRUE(namespaces_of_change(nullptr, nullptr, rules, namespaces).empty());
}

TEST_F(Enqueue, ABaselineConcernsEveryGovernedNamespace) {
    EXPECT_EQ(namespaces_of_change(nullptr, base.get(), rules, namespaces),
              (Names{"a1", "a2", "b1"}));
}

TEST_F(Enqueue, ARegistryConcernsThoseWhoseTenanciesNameIt) {
    EXPECT_EQ(namespaces_of_registry("shared-acr", rules, namespaces), (Names{"a1", "a2", "b1"}));
    EXPECT_EQ(namespaces_of_registry("other-acr", rules, namespaces), (Names{"a1", "a2", "b1"}));
    EXPECT_TRUE(namespaces_of_registry("unknown", rules, namespaces).empty());
}

TEST_F(Enqueue, ASourceSecretConcernsTheRegistriesThatUseIt) {
    EXPECT_EQ(registries_of_source_secret("keys", rules), (Names{"other-acr"}));
    EXPECT_TRUE(registries_of_source_secret("registry-tenancy-webhook-cert", rules).empty());
}

TEST_F(Enqueue, GovernedNamespacesLeaveOutTheFree) {
    EXPECT_EQ(governed_namespaces(rules, namespaces), (Names{"a1", "a2", "b1"}));
}

TEST_F(Enqueue, ATenancyIsCountedOnceForANamespaceItNamesAndSelects) {
    Json both = selecting("both", "a");
    both["spec"]["namespaces"] = {"a1"};
    Rules const one({parsed(both)}, {}, {}, {}, {});
    EXPECT_EQ(one.governing("a1", {{"team", "a"}}).size(), 1U);
    EXPECT_EQ(one.governing("a1", {}).size(), 1U);
    EXPECT_TRUE(one.governing("b1", {{"team", "b"}}).empty());
}

TEST_F(Enqueue, EveryKindOfSelectorIsFound) {
    auto const with = [&](std::string const& name, Json expressions) {
        Json object = test::tenancy(name, {}, {"x"});
        object["spec"]["namespaceSelector"]["matchExpressions"] = std::move(expressions);
        return parsed(object);
    };
    Json const in = {{"key", "team"}, {"operator", "In"}, {"values", {"a", "b"}}};
    Json const exists = {{"key", "team"}, {"operator", "Exists"}};
    Json const not_prod = {{"key", "stage"}, {"operator", "NotIn"}, {"values", {"prod"}}};
    Rules const all({with("in", Json::array({in})), with("exists", Json::array({exists})),
                     with("both", Json::array({not_prod, in}))},
                    {}, {}, {}, {});
    auto const names = [&](Labels const& labels) {
        std::set<std::string> result;
        for (TenancyPointer const& one : all.governing("n", labels)) {
            result.insert(one->meta.name);
        }
        return result;
    };
    using Set = std::set<std::string>;
    EXPECT_EQ(names({{"team", "a"}}), (Set{"in", "exists", "both"}));
    EXPECT_EQ(names({{"team", "b"}, {"stage", "prod"}}), (Set{"in", "exists"}));
    EXPECT_EQ(names({{"team", "c"}}), (Set{"exists"}));
    EXPECT_EQ(names({{"other", "a"}}), (Set{}));
}

TEST(BrokenTenancyTest, MayGovernWhatItSeemsToSay) {
    Json by_label = selecting("x", "a");
    Json odd = test::tenancy("x", {}, {"x"});
    odd["spec"]["namespaceSelector"] = {
        {"matchExpressions", {{{"key", "team"}, {"operator", "?"}}}}};
    Json named = test::tenancy("x", {"n"}, {"x"});
    EXPECT_TRUE(BrokenTenancy::read(named).may_govern("n", {}));
    EXPECT_FALSE(BrokenTenancy::read(named).may_govern("m", {}));
    EXPECT_TRUE(BrokenTenancy::read(by_label).may_govern("m", {{"team", "a"}}));
    EXPECT_FALSE(BrokenTenancy::read(by_label).may_govern("m", {{"team", "b"}}));
    EXPECT_TRUE(BrokenTenancy::read(odd).may_govern("anything", {}));
    EXPECT_FALSE(BrokenTenancy::read(Json::object()).may_govern("n", {}));
}

}  // namespace
}  // namespace rt::op
