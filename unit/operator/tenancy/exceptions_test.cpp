// RegistryExceptions: what they add to grant and credential, and that it goes when they end.
#include <gtest/gtest.h>

#include "lib/base/time.hpp"
#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using Keys = std::set<std::string>;
using Texts = std::vector<std::string>;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_exceptions;
using kube::types::registry_tenancies;

Json exception(std::string const& name, Texts const& in_namespaces, Json images, WallTime end) {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryException"},
            {"metadata", {{"name", name}}},
            {"spec",
             {{"namespaces", in_namespaces},
              {"images", std::move(images)},
              {"reason", "INC-4711"},
              {"expiresAt", format_rfc3339(end)}}}};
}

Json alipay() {
    return Json::array({{{"registry", "shared-acr"}, {"repository", "alipay/a1"}}});
}

class Exceptions : public testing::Test {
  protected:
    Exceptions() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
        outside.api.put(namespaces, namespace_object("cainiao-prod"));
        outside.api.put(namespaces, namespace_object("free"));
    }
    [[nodiscard]] WallTime in(std::chrono::seconds time) const {
        return outside.clock.wall_now() + time;
    }
    [[nodiscard]] static std::string condition(World const& world, std::string const& type) {
        return world.condition(registry_exceptions, "x", type);
    }
    static Keys base_keys() {
        return {std::string(vpc_host) + "/cainiao/", std::string(public_host) + "/cainiao/"};
    }
    static Keys wider_keys() {
        Keys keys = base_keys();
        keys.insert(std::string(vpc_host) + "/alipay/a1");
        keys.insert(std::string(public_host) + "/alipay/a1");
        return keys;
    }
    Outside outside;
};

TEST_F(Exceptions, ReachGrantKeysAndSessionAndGoInTheirSecond) {
    World world(outside);
    world.settle();
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(600s)));
    EXPECT_EQ(world.keys("cainiao-prod"), wider_keys());
    EXPECT_EQ(outside.source.mints.back().allow, (Texts{"cainiao/*", "alipay/a1"}));
    Json const open = *world.grant("cainiao-prod");
    EXPECT_EQ(open.at("spec").at("exceptions").at(0).at("name"), "x");
    EXPECT_EQ(open.at("spec").at("registries").at(0).at("allow").size(), 2U);
    EXPECT_EQ(condition(world, "Active"), "True InForce");
    EXPECT_EQ(condition(world, "Ready"), "True Active");
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");

    world.advance(599s);
    EXPECT_EQ(world.keys("cainiao-prod"), wider_keys());
    // Keys go before anything is minted: the cloud may be slow, or refuse.
    Keys during;
    outside.source.during = [&] { during = world.keys("cainiao-prod"); };
    world.advance(1100ms);
    EXPECT_EQ(during, base_keys());
    EXPECT_EQ(world.keys("cainiao-prod"), base_keys());
    EXPECT_EQ(outside.source.mints.back().allow, (Texts{"cainiao/*"}));
    Json const closed = *world.grant("cainiao-prod");
    EXPECT_FALSE(closed.at("spec").contains("exceptions"));
    EXPECT_EQ(closed.at("spec").at("registries").at(0).at("allow").size(), 1U);
    EXPECT_EQ(condition(world, "Active"), "False Expired");
    EXPECT_EQ(condition(world, "Ready"), "True Expired");
    EXPECT_EQ(world.events.count("ExceptionEnded"), 1);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Exceptions, KeepTheSecretInPlace) {
    World world(outside);
    world.settle();
    std::string const uid = world.secret("cainiao-prod")->at("metadata").at("uid");
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(600s)));
    world.advance(700s);
    EXPECT_EQ(world.secret("cainiao-prod")->at("metadata").at("uid"), uid);
}

TEST_F(Exceptions, ADeletedOneGoesAtOnce) {
    World world(outside);
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(600s)));
    ASSERT_EQ(world.keys("cainiao-prod"), wider_keys());
    world.erase(registry_exceptions, "x");
    EXPECT_EQ(world.keys("cainiao-prod"), base_keys());
    EXPECT_EQ(world.events.count("ExceptionEnded"), 0);
}

TEST_F(Exceptions, EndWhereverTheOperatorWas) {
    outside.api.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(600s)));
    {
        World world(outside);
        world.settle();
        ASSERT_EQ(world.keys("cainiao-prod"), wider_keys());
    }
    outside.clock.advance(1000s);
    World world(outside);
    world.settle();
    EXPECT_EQ(world.keys("cainiao-prod"), base_keys());
    EXPECT_EQ(condition(world, "Active"), "False Expired");
    EXPECT_EQ(world.events.count("ExceptionEnded"), 1);
    // A third process tells nothing again.
    World third(outside);
    third.settle();
    EXPECT_EQ(third.events.count("ExceptionEnded"), 0);
}

TEST_F(Exceptions, TheDayBeforeIsToldOnce) {
    World world(outside);
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(50h)));
    EXPECT_EQ(condition(world, "Ending"), "False NotYet");
    world.advance(25h);
    EXPECT_EQ(world.events.count("ExceptionEnding"), 0);
    world.advance(1h + 1s);
    EXPECT_EQ(condition(world, "Ending"), "True EndsWithinADay");
    EXPECT_EQ(world.events.count("ExceptionEnding"), 1);
    World restarted(outside);
    restarted.advance(25h);
    EXPECT_EQ(restarted.events.count("ExceptionEnding"), 0);
    EXPECT_EQ(restarted.events.count("ExceptionEnded"), 1);
}

TEST_F(Exceptions, TheLongestLifeOfTheSettingsIsHeld) {
    World world(outside);
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(24h * 365)));
    Json const status = outside.api.find(registry_exceptions, {"", "x"})->at("status");
    EXPECT_EQ(status.at("endsAt"), format_rfc3339(in(24h * 30)));
    world.advance(24h * 30 + 1s);
    EXPECT_EQ(world.keys("cainiao-prod"), base_keys());
    EXPECT_EQ(condition(world, "Active"), "False Expired");
}

TEST_F(Exceptions, OneThatHadEndedIsAcceptedAsInactive) {
    World world(outside);
    world.settle();
    auto const mints = outside.source.mints.size();
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(-3600s)));
    EXPECT_EQ(outside.source.mints.size(), mints);
    EXPECT_EQ(condition(world, "Active"), "False Expired");
    EXPECT_EQ(condition(world, "Ready"), "True Expired");
    EXPECT_EQ(world.events.count("ExceptionEnded"), 0);
}

TEST_F(Exceptions, WhatCannotBeExtendedIsToldAndTouchesNoTenancy) {
    Json many = Json::array();
    for (int i = 0; i < 40; ++i) {
        many.push_back({{"registry", "shared-acr"},
                        {"repository", "alipay/image-number-" + std::to_string(i)}});
    }
    struct Case {
        Json images;
        std::string reason;
        std::string stalled;
    };
    World world(outside);
    world.settle();
    for (auto const& [images, reason, stalled] : std::vector<Case>{
             {many, "PolicyTooLarge", "True PolicyTooLarge"},
             {Json::array({{{"registry", "nowhere"}, {"namespace", "a"}}}), "RegistryNotFound",
              "False NotStalled"},
         }) {
        world.put(registry_exceptions, exception("x", {"cainiao-prod"}, images, in(600s)));
        EXPECT_EQ(world.problems("cainiao-prod"), (Texts{reason}));
        EXPECT_EQ(condition(world, "Active"), "True InForce");
        EXPECT_EQ(condition(world, "Ready"), "False " + reason);
        EXPECT_EQ(condition(world, "Stalled"), stalled);
        EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
        EXPECT_EQ(world.condition("cainiao", "Stalled"), "False NotStalled");
        EXPECT_EQ(world.keys("cainiao-prod"), base_keys());
    }
    EXPECT_EQ(outside.source.mints.size(), 1U) << "nothing changed for the tenancy";
    world.erase(registry_exceptions, "x");
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
}

TEST_F(Exceptions, AnUnreadableOneAllowsNothingAndSaysWhy) {
    World world(outside);
    world.put(registry_exceptions, exception("x", {"cainiao-prod"}, alipay(), in(600s)));
    Json broken = exception("x", {"cainiao-prod"}, alipay(), in(600s));
    broken["spec"]["images"][0].erase("repository");
    world.put(registry_exceptions, broken);
    EXPECT_EQ(world.keys("cainiao-prod"), base_keys());
    EXPECT_EQ(condition(world, "Active"), "False InvalidSpec");
    EXPECT_EQ(condition(world, "Ready"), "False InvalidSpec");
    EXPECT_EQ(world.events.count("ExceptionInvalid"), 1);
}

TEST_F(Exceptions, AnUngovernedNamespaceGetsAGrantOnlyWhereItIsClosed) {
    Json const images = Json::array({{{"host", "docker.io"}, {"namespace", "library"}}});
    {
        World open(outside);
        open.put(registry_exceptions, exception("x", {"free"}, images, in(600s)));
        EXPECT_FALSE(open.grant("free"));
    }
    World closed(outside, nullptr, tenancy::UnmanagedNamespaces::Deny);
    closed.settle();
    Json const grant = *closed.grant("free");
    EXPECT_EQ(grant.at("spec").at("enforcement"), "Deny");
    EXPECT_FALSE(grant.at("spec").contains("tenancies"));
    EXPECT_EQ(grant.at("spec").at("hosts").at(0).at("host"), "docker.io");
    EXPECT_FALSE(closed.secret("free"));
    EXPECT_EQ(condition(closed, "Ready"), "True Active");
    int const writes = closed.grant_writes();
    closed.advance(500s);
    EXPECT_EQ(closed.grant_writes(), writes);
    closed.advance(101s);
    EXPECT_FALSE(closed.grant("free"));
    EXPECT_EQ(condition(closed, "Active"), "False Expired");
}

TEST_F(Exceptions, ANamespaceThatLeavesItsTenancyIsOpenedAfterTheGrace) {
    World world(outside, nullptr, tenancy::UnmanagedNamespaces::Deny);
    world.put(registry_exceptions,
              exception("x", {"cainiao-prod"},
                        Json::array({{{"host", "docker.io"}, {"namespace", "library"}}}), in(1h)));
    world.erase(registry_tenancies, "cainiao");
    world.advance(50s);
    EXPECT_TRUE(world.secret("cainiao-prod"));
    world.advance(80s);
    EXPECT_FALSE(world.secret("cainiao-prod"));
    world.advance(1s);
    ASSERT_TRUE(world.grant("cainiao-prod"));
    EXPECT_FALSE(world.grant("cainiao-prod")->at("spec").contains("tenancies"));
    world.advance(1h);
    EXPECT_FALSE(world.grant("cainiao-prod"));
}

}  // namespace
}  // namespace rt::op::test
