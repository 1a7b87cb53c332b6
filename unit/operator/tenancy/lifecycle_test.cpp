// One namespace from its first credential on: refresh, narrowing, restart, what the tenancy's
// status says.
#include <gtest/gtest.h>

#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using Keys = std::set<std::string>;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;

std::string vpc(std::string const& path) {
    return std::string(vpc_host) + "/" + path;
}
std::string pub(std::string const& path) {
    return std::string(public_host) + "/" + path;
}

class Lifecycle : public testing::Test {
  protected:
    Lifecycle() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
        outside.api.put(namespaces, namespace_object("cainiao-prod"));
    }
    Outside outside;
};

TEST_F(Lifecycle, WritesGrantThenSecretForAGovernedNamespace) {
    World world(outside);
    std::vector<std::string> order;
    outside.api.on_call([&](rt::test::FakeApiServer::Call const& call) {
        if (call.verb == rt::test::Verb::Apply && call.subresource.empty()) {
            order.push_back(call.plural);
        }
    });
    world.settle();
    EXPECT_EQ(order, (std::vector<std::string>{"registrygrants", "secrets"}));
    EXPECT_EQ(world.keys("cainiao-prod"), (Keys{vpc("cainiao/"), pub("cainiao/")}));
    Json const secret = *world.secret("cainiao-prod");
    EXPECT_EQ(secret.at("type"), "kubernetes.io/dockerconfigjson");
    EXPECT_EQ(secret.at("metadata").at("labels").at("app.kubernetes.io/managed-by"),
              "registry-tenancy-operator");
    Json const grant = *world.grant("cainiao-prod");
    EXPECT_EQ(grant.at("summary"), "shared-acr: cainiao/*");
    EXPECT_FALSE(grant.contains("problems"));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    EXPECT_EQ(world.condition("cainiao", "Reconciling"), "False Settled");
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "False NotStalled");
    EXPECT_EQ(world.events.count("CredentialsReady"), 1);
}

TEST_F(Lifecycle, StatusCountsNamespacesAndCarriesTheGeneration) {
    outside.api.put(namespaces, namespace_object("cainiao-dev", {{"team", "cainiao"}}));
    Json object = tenancy("cainiao", {"cainiao-prod", "cainiao-not-yet"}, {"cainiao"});
    object["spec"]["namespaceSelector"] = {{"matchLabels", {{"team", "cainiao"}}}};
    World world(outside);
    world.put(registry_tenancies, object);
    Json const stored = *outside.api.find(registry_tenancies, {"", "cainiao"});
    Json const& status = stored.at("status");
    EXPECT_EQ(status.at("namespaces").at("summary"), "2/2");
    EXPECT_EQ(status.at("namespaces").at("matched"), 2);
    EXPECT_EQ(status.at("observedGeneration"), stored.at("metadata").at("generation"));
    for (Json const& condition : status.at("conditions")) {
        EXPECT_EQ(condition.at("observedGeneration"), stored.at("metadata").at("generation"));
    }
}

TEST_F(Lifecycle, EachNamespaceHasACredentialOfItsOwn) {
    outside.api.put(namespaces, namespace_object("cainiao-dev"));
    World world(outside);
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod", "cainiao-dev"}, {"cainiao"}));
    EXPECT_NE(world.logins("cainiao-prod").at(vpc("cainiao/")),
              world.logins("cainiao-dev").at(vpc("cainiao/")));
}

TEST_F(Lifecycle, RefreshesAtHalfOfLifeInPlaceWithOneWrite) {
    World world(outside);
    world.settle();
    std::string const uid = world.secret("cainiao-prod")->at("metadata").at("uid");
    std::string const first = world.logins("cainiao-prod").at(vpc("cainiao/"));
    outside.api.clear_calls();
    world.advance(23min);  // 50 % - 10 % of an hour is 24 minutes
    EXPECT_EQ(outside.source.mints.size(), 1U);
    EXPECT_EQ(outside.api.writes(), 0);
    world.advance(14min);  // 50 % + 10 % is 36
    EXPECT_EQ(outside.source.mints.size(), 2U);
    EXPECT_EQ(outside.api.writes(), 1);
    EXPECT_NE(world.logins("cainiao-prod").at(vpc("cainiao/")), first);
    EXPECT_EQ(world.secret("cainiao-prod")->at("metadata").at("uid"), uid);
}

TEST_F(Lifecycle, KeepsWorkingThroughADayOfRefreshes) {
    World world(outside);
    world.advance(24h);
    EXPECT_GE(outside.source.mints.size(), 24U * 60 / 37);
    EXPECT_LE(outside.source.mints.size(), 24U * 60 / 23 + 1);
    EXPECT_EQ(world.grant_writes(), 1);
}

TEST_F(Lifecycle, ARestartMintsNothingAndWritesNothing) {
    {
        World(outside).settle();
    }
    outside.clock.advance(10min);
    outside.source.mints.clear();
    outside.api.clear_calls();
    World world(outside);
    world.settle();
    EXPECT_TRUE(outside.source.mints.empty());
    EXPECT_EQ(outside.api.writes(), 0);
    // The schedule goes on from what stands in the Secret.
    world.advance(13min);
    EXPECT_TRUE(outside.source.mints.empty());
    world.advance(14min);
    EXPECT_EQ(outside.source.mints.size(), 1U);
}

TEST_F(Lifecycle, ANarrowingDropsKeysBeforeItMints) {
    World world(outside);
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao", "base"}));
    ASSERT_EQ(world.keys("cainiao-prod"),
              (Keys{vpc("cainiao/"), pub("cainiao/"), vpc("base/"), pub("base/")}));
    std::string const before = world.logins("cainiao-prod").at(vpc("cainiao/"));
    Keys during;
    std::string password_during;
    outside.source.during = [&] {
        during = world.keys("cainiao-prod");
        password_during = world.logins("cainiao-prod").at(vpc("cainiao/"));
    };
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
    EXPECT_EQ(during, (Keys{vpc("cainiao/"), pub("cainiao/")}));
    EXPECT_EQ(password_during, before);
    EXPECT_EQ(world.keys("cainiao-prod"), (Keys{vpc("cainiao/"), pub("cainiao/")}));
    EXPECT_NE(world.logins("cainiao-prod").at(vpc("cainiao/")), before);
}

TEST_F(Lifecycle, AWideningGivesNewKeysOnlyToTheNewCredential) {
    World world(outside);
    world.settle();
    outside.source.failing["shared-acr"] = {ErrorKind::Forbidden, "no", "NoPermission"};
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao", "base"}));
    EXPECT_EQ(world.keys("cainiao-prod"), (Keys{vpc("cainiao/"), pub("cainiao/")}));
    EXPECT_EQ(world.problems("cainiao-prod"), (std::vector<std::string>{"CredentialDenied"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False CredentialDenied");
    outside.source.failing.clear();
    world.advance(11min);
    EXPECT_EQ(world.keys("cainiao-prod").size(), 4U);
    EXPECT_TRUE(world.problems("cainiao-prod").empty());
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Lifecycle, AnEditThatChangesNoCredentialMintsNothing) {
    World world(outside);
    world.settle();
    Json object = tenancy("cainiao", {"cainiao-prod"}, {"cainiao"});
    object["spec"]["contact"] = "#registry-help";
    object["spec"]["enforcement"] = "Warn";
    world.put(registry_tenancies, object);
    EXPECT_EQ(outside.source.mints.size(), 1U);
    EXPECT_EQ(world.grant("cainiao-prod")->at("spec").at("contact"), "#registry-help");
    EXPECT_EQ(world.secret_writes(), 1);
}

TEST_F(Lifecycle, AnonymousRegistriesNeedNoSecret) {
    outside.api.put(
        registries,
        {{"metadata", {{"name", "hub"}}},
         {"spec",
          {{"hosts", {"docker.io"}}, {"type", "Anonymous"}, {"anonymous", Json::object()}}}});
    Json object = tenancy("cainiao", {"cainiao-prod"}, {});
    object["spec"]["registries"] = {{{"name", "hub"}, {"allow", {{{"namespace", "library"}}}}}};
    World world(outside);
    world.put(registry_tenancies, object);
    EXPECT_EQ(world.grant("cainiao-prod")->at("summary"), "hub: library/*");
    EXPECT_FALSE(world.secret("cainiao-prod"));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Lifecycle, RegistryStatusCountsTheTenanciesThatNameIt) {
    World world(outside);
    world.settle();
    Json const status = outside.api.find(registries, {"", "shared-acr"})->at("status");
    EXPECT_EQ(status.at("tenancies"), 1);
    world.put(registry_tenancies, tenancy("alipay", {"alipay-prod"}, {"alipay"}));
    EXPECT_EQ(outside.api.find(registries, {"", "shared-acr"})->at("status").at("tenancies"), 2);
}

TEST_F(Lifecycle, NoSecretValueStandsInAnythingButSecretData) {
    World world(outside);
    outside.source.failing["other-acr"] = {ErrorKind::Unavailable, "timeout"};
    outside.api.put(registries, other_acr());
    Json object = tenancy("cainiao", {"cainiao-prod"}, {"cainiao"});
    object["spec"]["registries"].push_back(entry("other-acr", {"x"}));
    world.put(registry_tenancies, object);
    Json secret = *world.secret("cainiao-prod");
    secret.erase("data");
    std::string text = secret.dump() + world.grant("cainiao-prod")->dump() +
                       outside.api.find(registry_tenancies, {"", "cainiao"})->dump() +
                       world.metrics_registry.text();
    for (CollectedEvent const& event : world.events.events) {
        text += event.note;
    }
    EXPECT_EQ(text.find("password-"), std::string::npos);
    EXPECT_EQ(text.find("cr_temp_user"), std::string::npos);
    // Tenants read the grant: it names no role.
    EXPECT_EQ(world.grant("cainiao-prod")->dump().find("acs:ram"), std::string::npos);
}

}  // namespace
}  // namespace rt::op::test
