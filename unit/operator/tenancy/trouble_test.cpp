// Clouds that fail, hands that meddle, Secrets that are not ours, objects that are broken.
#include <gtest/gtest.h>

#include <thread>

#include "lib/base/digest.hpp"
#include "unit/operator/tenancy/world.hpp"
#include "unit/support/eventually.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;
using kube::types::secrets;
using rt::test::Verb;
using Reasons = std::vector<std::string>;

class Trouble : public testing::Test {
  protected:
    Trouble() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registries, other_acr());
        outside.api.put(registry_tenancies, two_registries());
        outside.api.put(namespaces, namespace_object("cainiao-prod"));
    }
    static Json two_registries() {
        Json object = tenancy("cainiao", {"cainiao-prod"}, {"cainiao"});
        object["spec"]["registries"].push_back(entry("other-acr", {"tools"}));
        return object;
    }
    static std::string shared_key() { return std::string(vpc_host) + "/cainiao/"; }
    static std::string other_key() { return other_host() + "/tools/"; }
    /// Somebody else's `kubectl edit`.
    void edit_data(World& world, std::string const& config) {
        Json edited = *world.secret("cainiao-prod");
        edited["data"][".dockerconfigjson"] = base64_encode(config);
        outside.api.put(secrets, edited);
        world.settle();
    }
    Outside outside;
};

TEST_F(Trouble, OneFailingRegistryBlocksNoOther) {
    outside.source.failing["other-acr"] = {ErrorKind::Forbidden, "acs:ram::1:role/x says no",
                                           "NoPermission"};
    World world(outside);
    world.settle();
    EXPECT_TRUE(world.keys("cainiao-prod").contains(shared_key()));
    EXPECT_FALSE(world.keys("cainiao-prod").contains(other_key()));
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"CredentialDenied"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False CredentialDenied");
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "False NotStalled");
    ASSERT_EQ(world.events.count("MintFailed"), 1);
}

TEST_F(Trouble, AFailedRefreshKeepsTheLastGoodEntryOfThatRegistry) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    outside.source.failing["other-acr"] = {ErrorKind::Unavailable, "timeout"};
    world.advance(40min);
    auto const after = world.logins("cainiao-prod");
    EXPECT_NE(after.at(shared_key()), before.at(shared_key()));
    EXPECT_EQ(after.at(other_key()), before.at(other_key()));
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    world.advance(6min);  // past 75 % of life
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"RefreshFailing"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    EXPECT_TRUE(world.keys("cainiao-prod").contains(other_key()));
    outside.source.failing.clear();
    world.advance(2min);
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
    EXPECT_NE(world.logins("cainiao-prod").at(other_key()), before.at(other_key()));
}

TEST_F(Trouble, AnEntryThatHasExpiredIsTakenOut) {
    World world(outside);
    world.settle();
    outside.source.failing["other-acr"] = {ErrorKind::Unavailable, "timeout"};
    world.advance(61min);
    EXPECT_TRUE(world.keys("cainiao-prod").contains(shared_key()));
    EXPECT_FALSE(world.keys("cainiao-prod").contains(other_key()));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False CredentialUnavailable");
}

TEST_F(Trouble, EveryCloudGoneForLongerThanALifeRecoversByItself) {
    World world(outside);
    world.settle();
    outside.source.failing["shared-acr"] = {ErrorKind::Throttled, "slow down", "Throttling"};
    outside.source.failing["other-acr"] = {ErrorKind::DeadlineExceeded, "timeout"};
    world.advance(3h);
    EXPECT_TRUE(world.keys("cainiao-prod").empty());
    EXPECT_TRUE(world.secret("cainiao-prod"));
    outside.source.failing.clear();
    world.advance(6min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
}

TEST_F(Trouble, AClockThatIsHoursAheadTakesNothingAwayBeforeItsSuccessorIsThere) {
    World world(outside);
    world.settle();
    auto const before = world.keys("cainiao-prod");
    outside.clock.set_wall(outside.clock.wall_now() + 2h);
    std::vector<std::set<std::string>> during;
    outside.source.during = [&] { during.push_back(world.keys("cainiao-prod")); };
    world.touch("cainiao-prod", {{}, true});
    world.settle();
    ASSERT_EQ(during.size(), 2U);
    EXPECT_EQ(during[0], before);
    EXPECT_EQ(during[1], before);
    EXPECT_EQ(world.keys("cainiao-prod"), before);
}

TEST_F(Trouble, AFailureThatLastsIsNoNewEventEachTime) {
    int answers = 0;
    outside.source.during = [&] {
        outside.source.failing["other-acr"] = {
            ErrorKind::Forbidden,
            "AssumeRole: no (RequestId 8F2E1C0A-77D1-4E6B-" + std::to_string(++answers) + ")",
            "NoPermission"};
    };
    World world(outside);
    world.advance(40min);
    EXPECT_GE(answers, 4);
    EXPECT_EQ(world.events.count("MintFailed"), 1);
    outside.source.during = nullptr;
    // The next thing that is not right has the same code.
    outside.source.failing["other-acr"] = {ErrorKind::Forbidden, "GetAuthorizationToken: no",
                                           "NoPermission"};
    world.advance(12min);
    EXPECT_EQ(world.events.count("MintFailed"), 2);
    // Events live an hour.
    world.advance(130min);
    EXPECT_EQ(world.events.count("MintFailed"), 4);
}

TEST_F(Trouble, ADenialIsRetriedSlowlyAndAHiccupQuickly) {
    outside.source.failing["shared-acr"] = {ErrorKind::Forbidden, "no", "NoPermission"};
    outside.source.failing["other-acr"] = {ErrorKind::Unavailable, "timeout"};
    World world(outside);
    world.advance(1h);
    int denied = 0;
    int hiccups = 0;
    for (ScriptedSource::Mint const& mint : outside.source.mints) {
        (mint.registry == "shared-acr" ? denied : hiccups) += 1;
    }
    EXPECT_GE(denied, 6);
    EXPECT_LE(denied, 12);
    EXPECT_GE(hiccups, 60);
    EXPECT_LE(hiccups, 200);
}

TEST_F(Trouble, ASecretThatIsNotOursIsNeverTouched) {
    Json foreign = {{"type", "kubernetes.io/dockerconfigjson"},
                    {"metadata", {{"name", "registry-tenancy"}, {"namespace", "cainiao-prod"}}},
                    {"data", {{".dockerconfigjson", base64_encode("{\"auths\":{}}")}}}};
    Json const stored = outside.api.put(secrets, foreign);
    World world(outside);
    world.advance(1h);
    EXPECT_EQ(*world.secret("cainiao-prod"), stored);
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"NameConflict"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False NameConflict");
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "False NotStalled");
    EXPECT_GE(world.events.count("NameConflict"), 1);
    EXPECT_TRUE(outside.source.mints.empty());
    world.erase(secrets, "registry-tenancy", "cainiao-prod");
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Trouble, ASecretThatAppearsDuringTheMintIsNotOverwritten) {
    World world(outside);
    Json stored;
    outside.source.during = [&] {
        if (stored.is_null()) {
            stored = outside.api.put(
                secrets,
                {{"type", "kubernetes.io/dockerconfigjson"},
                 {"metadata", {{"name", "registry-tenancy"}, {"namespace", "cainiao-prod"}}},
                 {"data", {{".dockerconfigjson", base64_encode("{\"auths\":{}}")}}}});
        }
    };
    world.advance(1min);
    EXPECT_EQ(*world.secret("cainiao-prod"), stored);
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"NameConflict"}));
}

TEST_F(Trouble, ASecretDeletedByHandIsMadeAgain) {
    World world(outside);
    world.settle();
    world.erase(secrets, "registry-tenancy", "cainiao-prod");
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_EQ(outside.source.mints.size(), 4U);
}

TEST_F(Trouble, ASecretEditedByHandIsMadeAgain) {
    World world(outside);
    world.settle();
    edit_data(world, R"({"auths":{"evil.example.com":{"auth":"dTpw"}}})");
    EXPECT_EQ(
        world.keys("cainiao-prod"),
        (std::set<std::string>{shared_key(), std::string(public_host) + "/cainiao/", other_key()}));
    EXPECT_EQ(outside.source.mints.size(), 4U);
    outside.api.clear_calls();
    world.advance(10min);
    EXPECT_EQ(outside.api.writes(), 0);
}

TEST_F(Trouble, AnEditWhileNobodyLookedIsSeenAfterTheRestart) {
    {
        World(outside).settle();
    }
    Json edited = *outside.api.find(secrets, {"cainiao-prod", "registry-tenancy"});
    edited["data"][".dockerconfigjson"] = base64_encode("{\"auths\":{}}");
    outside.api.put(secrets, edited);
    World world(outside);
    world.settle();
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
}

TEST_F(Trouble, WhatAHandWroteIsNeverTakenForMinted) {
    World world(outside);
    world.settle();
    Json config;
    for (auto const& [key, password] : world.logins("cainiao-prod")) {
        config["auths"][key]["auth"] = base64_encode("somebody:by-hand");
    }
    outside.source.failing["other-acr"] = {ErrorKind::Unavailable, "timeout"};
    edit_data(world, config.dump());
    // The one that can be minted is; the other one may work, so it stays, but only until then.
    EXPECT_NE(world.logins("cainiao-prod").at(shared_key()), "by-hand");
    EXPECT_EQ(world.logins("cainiao-prod").at(other_key()), "by-hand");
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"CredentialUnavailable"}));
    outside.source.failing.clear();
    world.advance(2min);
    EXPECT_NE(world.logins("cainiao-prod").at(other_key()), "by-hand");
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
}

TEST_F(Trouble, AnnotationsOfOthersAreNoDrift) {
    World world(outside);
    world.settle();
    Json edited = *world.secret("cainiao-prod");
    edited["metadata"]["annotations"]["example.com/seen"] = "yes";
    outside.api.put(secrets, edited);
    world.advance(5min);
    EXPECT_EQ(outside.source.mints.size(), 2U);
    EXPECT_EQ(world.secret("cainiao-prod")->at("metadata").at("annotations").at("example.com/seen"),
              "yes");
}

TEST_F(Trouble, DriftHasABudgetPerNamespace) {
    World world(outside);
    world.settle();
    for (int i = 0; i < 3; ++i) {
        world.erase(secrets, "registry-tenancy", "cainiao-prod");
        EXPECT_TRUE(world.secret("cainiao-prod")) << i;
    }
    std::size_t const mints = outside.source.mints.size();
    world.erase(secrets, "registry-tenancy", "cainiao-prod");
    world.advance(10min);
    EXPECT_FALSE(world.secret("cainiao-prod"));
    EXPECT_EQ(outside.source.mints.size(), mints);
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"DriftBudgetExhausted"}));
    world.advance(11min);  // three an hour: one every twenty minutes
    EXPECT_TRUE(world.secret("cainiao-prod"));
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
}

TEST_F(Trouble, AStaleViewOfADeletedSecretMintsNothing) {
    World world(outside);
    world.settle();
    Json const secret = *world.secret("cainiao-prod");
    Json gone = secret;
    gone["metadata"]["resourceVersion"] = "999999";
    world.view.delete_secret(gone);
    static_cast<void>(world.reconciler.reconcile("cainiao-prod", {}));
    EXPECT_EQ(outside.source.mints.size(), 2U);
}

TEST_F(Trouble, AGrantEditedByHandIsRestored) {
    World world(outside);
    world.settle();
    Json const before = *world.grant("cainiao-prod");
    Json edited = before;
    edited["spec"]["enforcement"] = "Audit";
    world.put(kube::types::registry_grants, edited);
    EXPECT_EQ(world.grant("cainiao-prod")->at("spec"), before.at("spec"));
    world.erase(kube::types::registry_grants, "effective", "cainiao-prod");
    EXPECT_EQ(world.grant("cainiao-prod")->at("spec"), before.at("spec"));
    EXPECT_EQ(outside.source.mints.size(), 2U);
}

TEST_F(Trouble, ABrokenTenancyKeepsItsLastGoodRulesAndIsReported) {
    World world(outside);
    world.settle();
    Json broken = two_registries();
    broken["spec"]["registries"][0]["role"] = "not an ARN";
    world.put(registry_tenancies, broken);
    world.advance(40min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_EQ(outside.source.mints.size(), 4U);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False InvalidSpec");
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "True InvalidSpec");
    world.put(registry_tenancies, two_registries());
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Trouble, ATenancyThatIsBrokenAtTheStartTakesNothingAway) {
    {
        World(outside).settle();
    }
    Json broken = two_registries();
    broken["spec"]["registries"][0]["role"] = "not an ARN";
    outside.api.put(registry_tenancies, broken);
    World world(outside);
    world.advance(10min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_TRUE(world.grant("cainiao-prod"));
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "True InvalidSpec");
}

TEST_F(Trouble, ARegistryThatIsBrokenAtTheStartKeepsItsKeys) {
    {
        World(outside).settle();
    }
    Json broken = other_acr();
    broken["spec"]["alibabaACR"]["instanceID"] = "";
    outside.api.put(registries, broken);
    World world(outside);
    world.advance(10min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    Json const status = outside.api.find(registries, {"", "other-acr"})->at("status");
    EXPECT_NE(status.dump().find("InvalidSpec"), std::string::npos);
}

TEST_F(Trouble, ARoleThatIsNoLongerAllowedLosesItsKeysAtOnce) {
    World world(outside);
    world.settle();
    Json restricted = shared_acr();
    restricted["spec"]["allowedRoles"] = {"acs:ram::1146716667364888:role/somebody-else"};
    world.put(registries, restricted);
    EXPECT_EQ(world.keys("cainiao-prod"), (std::set<std::string>{other_key()}));
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"RoleNotAllowed"}));
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "True RoleNotAllowed");
}

TEST_F(Trouble, ACredentialExpiredOnArrivalIsNoCredential) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    outside.source.life = 0s;
    world.advance(40min);
    EXPECT_EQ(world.logins("cainiao-prod"), before);
}

TEST_F(Trouble, AnApiServerThatIsThrottlingOrAwayForAWhileLosesNoMintedCredential) {
    Error busy{ErrorKind::Throttled, "slow down"};
    busy.retry_after = 0ms;
    for (auto const& [trouble, times] :
         {std::pair{busy, 2}, std::pair{Error{ErrorKind::Unavailable, "refused"}, 9}}) {
        SCOPED_TRACE(trouble.message);
        Outside again;
        again.api.put(registries, shared_acr());
        again.api.put(registries, other_acr());
        again.api.put(registry_tenancies, two_registries());
        again.api.put(namespaces, namespace_object("cainiao-prod"));
        World world(again);
        again.api.fail_next(Verb::Apply, secrets, trouble, times);
        std::jthread const time([&](std::stop_token stop) {
            while (!stop.stop_requested()) {
                if (again.clock.next_deadline() != SteadyTime::max()) {
                    again.clock.advance(1s);
                }
                rt::test::give_way();
            }
        });
        world.settle();
        EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
        EXPECT_EQ(again.source.mints.size(), 2U);
        EXPECT_EQ(again.api.count(Verb::Apply, secrets), times + 1);
    }
}

TEST_F(Trouble, ASecretThatWouldBeTooLargeIsRefusedWithTheFigures) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    outside.source.password_bytes = 200'000;
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao", "base"}));
    world.advance(5min);
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"SecretTooLarge"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False SecretTooLarge");
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "True SecretTooLarge");
    EXPECT_NE(world.grant("cainiao-prod")->dump().find("262144"), std::string::npos);
    EXPECT_EQ(world.logins("cainiao-prod").at(shared_key()), before.at(shared_key()));
}

TEST_F(Trouble, WhileNothingCanBeWrittenLittleIsMinted) {
    World world(outside);
    outside.api.fail_next(Verb::Apply, secrets, {ErrorKind::Corrupt, "garbage"}, -1);
    world.advance(1h);
    EXPECT_LE(outside.source.mints.size(), 50U);
    EXPECT_EQ(world.problems("cainiao-prod").front(), "CredentialUnavailable");
    outside.api.clear_faults();
    world.advance(6min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
}

TEST_F(Trouble, WhatARegistryThatIsBrokenHadGoesWhenItExpires) {
    {
        World(outside).settle();
    }
    Json broken = other_acr();
    broken["spec"]["alibabaACR"]["instanceID"] = "";
    outside.api.put(registries, broken);
    World world(outside);
    world.advance(59min);
    EXPECT_TRUE(world.keys("cainiao-prod").contains(other_key()));
    world.advance(2min);
    EXPECT_FALSE(world.keys("cainiao-prod").contains(other_key()));
    EXPECT_TRUE(world.keys("cainiao-prod").contains(shared_key()));
}

TEST_F(Trouble, ASlowMintIsToldWhileItIsUnderWay) {
    World world(outside);
    Reasons during;
    outside.source.during = [&] {
        EXPECT_TRUE(world.reconciler.tell_slow_mints({}).empty());
        EXPECT_TRUE(world.problems("cainiao-prod").empty());
        outside.clock.advance(11s);
        // Whoever calls looks at it again: the mint may end while this is written.
        EXPECT_EQ(world.reconciler.tell_slow_mints({}), (Reasons{"cainiao-prod"}));
        during = world.problems("cainiao-prod");
        outside.source.during = nullptr;
    };
    world.settle();
    EXPECT_EQ(during, (Reasons{"CredentialPending"}));
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Trouble, AQuotaThatForbidsTheSecretIsReportedAndRetriedSlowly) {
    Error quota{ErrorKind::Forbidden, "secrets is forbidden: exceeded quota"};
    quota.code = "Forbidden";
    outside.api.fail_next(Verb::Apply, secrets, quota, -1);
    World world(outside);
    world.advance(1h);
    EXPECT_LE(outside.source.mints.size(), 26U);
    EXPECT_FALSE(world.secret("cainiao-prod"));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False SecretNotWritable");
    EXPECT_EQ(world.problems("cainiao-prod"), (Reasons{"SecretNotWritable", "SecretNotWritable"}));
    outside.api.clear_faults();
    world.advance(11min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
}

TEST_F(Trouble, AChangedSourceSecretIsMintedFromAndADeletedOneTakesNothing) {
    Json registry = other_acr();
    registry["spec"]["alibabaACR"]["identity"] = {{"type", "AccessKey"},
                                                  {"accessKey", {{"secretName", "keys"}}}};
    Json source = {{"type", "Opaque"},
                   {"metadata", {{"name", "keys"}, {"namespace", "registry-tenancy-system"}}},
                   {"data", {{"a", base64_encode("1")}}}};
    outside.api.put(secrets, source);
    World world(outside);
    world.put(registries, registry);
    world.settle();
    std::size_t const mints = outside.source.mints.size();
    source["data"]["a"] = base64_encode("2");
    world.put(secrets, source);
    EXPECT_EQ(outside.source.mints.size(), mints + 1);
    EXPECT_EQ(outside.source.mints.back().registry, "other-acr");
    world.erase(secrets, "keys", "registry-tenancy-system");
    world.advance(1min);
    EXPECT_EQ(outside.source.mints.size(), mints + 1);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 3U);
}

}  // namespace
}  // namespace rt::op::test
