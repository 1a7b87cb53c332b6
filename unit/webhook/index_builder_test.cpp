#include "webhook/index_builder.hpp"

#include <gtest/gtest.h>

#include "unit/webhook/worlds.hpp"

namespace rt::webhook {
namespace {

using std::chrono::seconds;
using test::namespace_object;
using test::registry_object;
using test::tenancy_object;
using test::World;

TEST(IndexBuilder, KnowsNamedLabelledAndUngovernedNamespaces) {
    World world;
    Json labelled = tenancy_object("by-label", {});
    labelled["spec"]["namespaceSelector"] = {{"matchLabels", {{"team", "cainiao"}}}};
    world.builder.upsert_tenancy(labelled);
    world.builder.upsert_namespace(namespace_object("dev", {{"team", "cainiao"}}));
    Json everywhere = tenancy_object("not-public", {});
    everywhere["spec"]["namespaceSelector"] = {
        {"matchExpressions", {{{"key", "public"}, {"operator", "Exists"}}}}};
    world.builder.upsert_tenancy(everywhere);
    world.builder.upsert_namespace(namespace_object("shop", {{"public", "yes"}}));
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    EXPECT_EQ(world.governing("dev"), "by-label");
    EXPECT_EQ(world.governing("shop"), "not-public");
    EXPECT_EQ(world.governing("default"), "-");
    EXPECT_EQ(world.governing("nowhere"), "?");
}

TEST(IndexBuilder, NeverMatchesExcludedNamespaces) {
    World world;
    world.builder.upsert_tenancy(tenancy_object("greedy", {"kube-system", "default"}));
    EXPECT_EQ(world.governing("kube-system"), "-");
    EXPECT_EQ(world.governing("default"), "greedy");
}

TEST(IndexBuilder, TheOrderInWhichThingsAppearDoesNotMatter) {
    test::FakeClock clock;
    auto const none = [](std::string_view) { return false; };
    IndexBuilder builder(clock, none, seconds{60});
    builder.replace_namespaces({namespace_object("cainiao-prod")});
    builder.replace_tenancies({tenancy_object("cainiao", {"cainiao-prod"})});
    auto const policy = [&] { return builder.current()->find("cainiao-prod")->policy; };
    EXPECT_FALSE(policy()->wants_pull_secret()) << "its Registry does not exist";
    builder.upsert_registry(registry_object("shared-acr", test::acr_host));
    EXPECT_TRUE(policy()->wants_pull_secret());
    builder.remove_registry(registry_object("shared-acr", test::acr_host));
    EXPECT_FALSE(policy()->wants_pull_secret());
    EXPECT_EQ(policy()->tenancies(), std::vector<std::string>{"cainiao"}) << "still governed";
}

TEST(IndexBuilder, NamespacesUnderTheSameTenanciesShareOnePolicy) {
    World world;
    world.builder.upsert_tenancy(tenancy_object("cainiao", {"cainiao-prod", "default"}));
    auto const index = world.builder.current();
    EXPECT_EQ(index->find("cainiao-prod")->policy, index->find("default")->policy);
}

TEST(IndexBuilder, OldSnapshotsStayAsTheyWere) {
    World world;
    auto const before = world.builder.current();
    world.builder.upsert_namespace(namespace_object("new"));
    world.builder.remove_namespace(namespace_object("default"));
    EXPECT_EQ(before->find("new"), nullptr);
    EXPECT_NE(before->find("default"), nullptr);
    EXPECT_EQ(world.governing("new"), "-");
    EXPECT_EQ(world.governing("default"), "?");
}

TEST(IndexBuilder, ADeletedTenancysRulesStayForTheGrace) {
    World world;
    world.builder.remove_tenancy(tenancy_object("cainiao", {}));
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    world.clock.advance(seconds{59});
    world.builder.expire();
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    world.clock.advance(seconds{1});
    world.builder.expire();
    EXPECT_EQ(world.governing("cainiao-prod"), "-");
    EXPECT_TRUE(world.builder.current()->tenancies().empty());
}

TEST(IndexBuilder, ARecreatedTenancyTakesOverAtOnce) {
    World world;
    world.builder.replace_tenancies({});
    world.clock.advance(seconds{30});
    Json again = tenancy_object("cainiao", {"cainiao-prod"});
    again["metadata"]["uid"] = "another";
    again["spec"]["enforcement"] = "Warn";
    world.builder.upsert_tenancy(again);
    world.clock.advance(seconds{120});
    world.builder.expire();
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    EXPECT_EQ(world.builder.current()->find("cainiao-prod")->policy->enforcement(),
              tenancy::Enforcement::Warn);
}

TEST(IndexBuilder, ANamespaceDroppedFromTheListLeavesAfterTheGrace) {
    World world;
    world.builder.upsert_tenancy(tenancy_object("cainiao", {"default"}));
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    EXPECT_EQ(world.governing("default"), "cainiao");
    world.clock.advance(seconds{60});
    world.builder.expire();
    EXPECT_EQ(world.governing("cainiao-prod"), "-");
    EXPECT_EQ(world.governing("default"), "cainiao");
}

TEST(IndexBuilder, ARecreatedNamespaceInheritsNoGrace) {
    World world;
    world.builder.remove_tenancy(tenancy_object("cainiao", {}));
    world.builder.remove_namespace(namespace_object("cainiao-prod"));
    world.builder.upsert_namespace(namespace_object("cainiao-prod"));
    EXPECT_EQ(world.governing("cainiao-prod"), "-");
}

TEST(IndexBuilder, AnUnreadableTenancyKeepsItsLastGoodVersion) {
    World world;
    Json broken = tenancy_object("cainiao", {"cainiao-prod", "default"});
    broken["spec"]["enforcement"] = "Maybe";
    world.builder.upsert_tenancy(broken);
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    EXPECT_EQ(world.governing("default"), "!cainiao") << "only the unreadable version names it";
    EXPECT_EQ(world.builder.figures().unreadable, 1U);
    world.builder.upsert_tenancy(tenancy_object("cainiao", {"cainiao-prod", "default"}));
    EXPECT_EQ(world.governing("default"), "cainiao");
    EXPECT_EQ(world.builder.figures().unreadable, 0U);
}

TEST(IndexBuilder, AnUnreadableTenancyWithoutAGoodVersionClosesItsNamespaces) {
    World world;
    Json broken = tenancy_object("broken", {"default"});
    broken["spec"]["registries"] = 7;
    world.builder.upsert_tenancy(broken);
    EXPECT_EQ(world.governing("default"), "!broken");
    EXPECT_EQ(world.governing("cainiao-prod"), "cainiao");
    // Another object of the same name has nothing to do with the last good version.
    Json other = tenancy_object("cainiao", {"cainiao-prod"});
    other["metadata"]["uid"] = "another";
    other["spec"]["registries"] = 7;
    world.builder.upsert_tenancy(other);
    EXPECT_EQ(world.governing("cainiao-prod"), "!cainiao");
}

TEST(IndexBuilder, AnUnreadableRegistryKeepsItsLastGoodVersion) {
    World world;
    Json broken = registry_object("shared-acr", test::acr_host);
    broken["spec"]["type"] = "Unheard";
    world.builder.upsert_registry(broken);
    EXPECT_TRUE(world.builder.current()->find("cainiao-prod")->policy->wants_pull_secret());
}

TEST(IndexBuilder, BaselinesComeAndGoEverywhere) {
    World world;
    auto const registries = [&] {
        return world.builder.current()->find("cainiao-prod")->policy->registries()[0].allow.size();
    };
    EXPECT_EQ(registries(), 1U);
    Json baseline = tenancy_object("base", {});
    baseline["spec"].erase("namespaces");
    baseline["spec"]["baseline"] = true;
    baseline["spec"]["registries"][0]["allow"] = {{{"namespace", "base"}}};
    world.builder.upsert_tenancy(baseline);
    EXPECT_EQ(registries(), 2U);
    EXPECT_EQ(world.governing("default"), "-") << "a baseline governs nothing";
    world.builder.remove_tenancy(baseline);
    EXPECT_EQ(registries(), 2U) << "the grace";
    world.clock.advance(seconds{60});
    world.builder.expire();
    EXPECT_EQ(registries(), 1U);
}

TEST(IndexBuilder, AMoveToAnotherTenancyTakesEffectAtOnceLeavingAllOfThemOnlyAfterTheGrace) {
    World world;
    for (std::string const team : {"one", "two"}) {
        Json tenancy = tenancy_object(team, {});
        tenancy["spec"]["namespaceSelector"] = {{"matchLabels", {{"team", team}}}};
        world.builder.upsert_tenancy(tenancy);
    }
    world.builder.upsert_namespace(namespace_object("moves", {{"team", "one"}}));
    EXPECT_EQ(world.governing("moves"), "one");
    world.builder.upsert_namespace(namespace_object("moves", {{"team", "two"}}));
    EXPECT_EQ(world.governing("moves"), "two");
    world.builder.upsert_namespace(namespace_object("moves"));
    EXPECT_EQ(world.governing("moves"), "two") << "ungoverned now: the last rules stay";
    world.clock.advance(seconds{60});
    world.builder.expire();
    EXPECT_EQ(world.governing("moves"), "-");
}

TEST(IndexBuilder, StatusUpdatesCostNothing) {
    World world;
    Json object = tenancy_object("cainiao", {"cainiao-prod"});
    object["metadata"]["generation"] = 4;
    world.builder.upsert_tenancy(object);
    auto const before = world.builder.current();
    object["status"] = {{"observedGeneration", 4}};
    world.builder.upsert_tenancy(object);
    EXPECT_EQ(world.builder.current(), before) << "no new version was published";
    object["metadata"]["generation"] = 5;
    world.builder.upsert_tenancy(object);
    EXPECT_NE(world.builder.current(), before);
}

/// Every operation in random order must give what a fresh start from the same objects gives.
TEST(IndexBuilder, IncrementalChangesEqualAFreshStart) {
    World world;
    unsigned seed = 1;
    auto const next = [&seed](unsigned n) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 16U) % n;
    };
    std::map<std::string, Json> namespaces{{"cainiao-prod", namespace_object("cainiao-prod")},
                                           {"default", namespace_object("default")},
                                           {"kube-system", namespace_object("kube-system")}};
    std::map<std::string, Json> tenancies{{"cainiao", tenancy_object("cainiao", {"cainiao-prod"})}};
    for (int round = 0; round < 400; ++round) {
        std::string const ns = "ns-" + std::to_string(next(12));
        std::string const name = "t-" + std::to_string(next(6));
        switch (next(4)) {
            case 0: {
                namespaces[ns] = namespace_object(ns, {{"team", std::to_string(next(3))}});
                world.builder.upsert_namespace(namespaces[ns]);
                break;
            }
            case 1: {
                Json object = tenancy_object(name, {"ns-" + std::to_string(next(12))});
                if (next(2) == 0) {
                    object["spec"]["namespaceSelector"] = {
                        {"matchLabels", {{"team", std::to_string(next(3))}}}};
                }
                tenancies[name] = object;
                world.builder.upsert_tenancy(object);
                break;
            }
            case 2:
                if (namespaces.erase(ns) > 0) {
                    world.builder.remove_namespace(namespace_object(ns));
                }
                break;
            default:
                if (tenancies.erase(name) > 0) {
                    world.builder.remove_tenancy(tenancy_object(name, {}));
                }
        }
        world.clock.advance(seconds{120});
        world.builder.expire();
        World fresh;
        std::vector<Json> all_tenancies;
        for (auto const& [key, object] : tenancies) {
            all_tenancies.push_back(object);
        }
        std::vector<Json> all_namespaces;
        for (auto const& [key, object] : namespaces) {
            all_namespaces.push_back(object);
        }
        fresh.builder.replace_tenancies(all_tenancies);
        fresh.builder.replace_namespaces(all_namespaces);
        fresh.clock.advance(seconds{120});
        fresh.builder.expire();
        ASSERT_EQ(world.builder.current()->namespaces(), namespaces.size());
        for (int i = 0; i < 12; ++i) {
            std::string const each = "ns-" + std::to_string(i);
            ASSERT_EQ(world.governing(each), fresh.governing(each)) << round << " " << each;
        }
    }
}

}  // namespace
}  // namespace rt::webhook
