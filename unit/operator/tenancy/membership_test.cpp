// Namespaces that come, go, move and come back; tenancies and Registries that are deleted.
#include <gtest/gtest.h>

#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;

class Membership : public testing::Test {
  protected:
    Membership() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
        outside.api.put(namespaces, namespace_object("cainiao-prod"));
    }
    Json by_label(std::string const& name, std::string const& team, std::string const& path) {
        Json object = tenancy(name, {}, {path});
        object["spec"]["namespaceSelector"] = {{"matchLabels", {{"team", team}}}};
        return object;
    }
    Outside outside;
};

TEST_F(Membership, ANamespaceCreatedLaterGetsItsCredential) {
    World world(outside);
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod", "cainiao-new"}, {"cainiao"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    world.put(namespaces, namespace_object("cainiao-new"));
    EXPECT_FALSE(world.keys("cainiao-new").empty());
    EXPECT_EQ(outside.api.find(registry_tenancies, {"", "cainiao"})
                  ->at("status")
                  .at("namespaces")
                  .at("summary"),
              "2/2");
}

TEST_F(Membership, ADeletedTenancyTakesSecretAndGrantAfterTheGraceNotBefore) {
    World world(outside);
    world.settle();
    world.erase(registry_tenancies, "cainiao");
    world.advance(59s);
    EXPECT_TRUE(world.secret("cainiao-prod"));
    EXPECT_TRUE(world.grant("cainiao-prod"));
    world.advance(2s);
    EXPECT_FALSE(world.secret("cainiao-prod"));
    EXPECT_FALSE(world.grant("cainiao-prod"));
    EXPECT_EQ(outside.source.mints.size(), 1U);
}

TEST_F(Membership, ATenancyRecreatedWithinTheGracePassesUnnoticed) {
    World world(outside);
    world.settle();
    std::string const version = world.secret("cainiao-prod")->at("metadata").at("resourceVersion");
    world.erase(registry_tenancies, "cainiao");
    world.advance(50s);
    world.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
    world.advance(5min);
    EXPECT_EQ(world.secret("cainiao-prod")->at("metadata").at("resourceVersion"), version);
    EXPECT_EQ(outside.source.mints.size(), 1U);
    EXPECT_EQ(world.grant_writes(), 1);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Membership, ALabelTakenAwayAndPutBackWithinTheGracePassesUnnoticed) {
    outside.api.put(registry_tenancies, by_label("cainiao", "cainiao", "cainiao"));
    outside.api.put(namespaces, namespace_object("cainiao-dev", {{"team", "cainiao"}}));
    World world(outside);
    world.settle();
    ASSERT_TRUE(world.secret("cainiao-dev"));
    outside.api.clear_calls();
    world.put(namespaces, namespace_object("cainiao-dev"));
    world.advance(55s);
    world.put(namespaces, namespace_object("cainiao-dev", {{"team", "cainiao"}}));
    world.advance(5min);
    EXPECT_EQ(world.secret_writes() + world.grant_writes(), 0);
    EXPECT_EQ(outside.source.mints.size(), 1U);
}

TEST_F(Membership, ANamespaceThatLosesItsLabelLosesItsCredentialAfterTheGrace) {
    outside.api.put(registry_tenancies, by_label("cainiao", "cainiao", "cainiao"));
    outside.api.put(namespaces, namespace_object("cainiao-dev", {{"team", "cainiao"}}));
    World world(outside);
    world.settle();
    world.put(namespaces, namespace_object("cainiao-dev"));
    EXPECT_TRUE(world.secret("cainiao-dev"));
    world.advance(61s);
    EXPECT_FALSE(world.secret("cainiao-dev"));
    EXPECT_FALSE(world.grant("cainiao-dev"));
}

TEST_F(Membership, AMoveBetweenTenanciesUpdatesTheSecretInPlace) {
    outside.api.put(registry_tenancies, by_label("a", "a", "cainiao"));
    outside.api.put(registry_tenancies, by_label("b", "b", "alipay"));
    outside.api.put(namespaces, namespace_object("mover", {{"team", "a"}}));
    World world(outside);
    world.settle();
    std::string const uid = world.secret("mover")->at("metadata").at("uid");
    world.put(namespaces, namespace_object("mover", {{"team", "b"}}));
    EXPECT_EQ(world.secret("mover")->at("metadata").at("uid"), uid);
    EXPECT_TRUE(world.keys("mover").contains(std::string(vpc_host) + "/alipay/"));
    EXPECT_FALSE(world.keys("mover").contains(std::string(vpc_host) + "/cainiao/"));
    EXPECT_EQ(world.grant("mover")->at("spec").at("tenancies"), Json::array({"b"}));
}

TEST_F(Membership, ATerminatingNamespaceIsLeftAlone) {
    World world(outside);
    world.settle();
    outside.api.clear_calls();
    Json going = namespace_object("cainiao-prod");
    going["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
    world.put(namespaces, going);
    world.erase(kube::types::secrets, "registry-tenancy", "cainiao-prod");
    world.advance(1h);
    EXPECT_EQ(world.secret_writes() + world.grant_writes(), 0);
    EXPECT_EQ(outside.source.mints.size(), 1U);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True NoNamespaces");
}

TEST_F(Membership, ANamespaceThatTerminatesDuringTheMintIsForgotten) {
    World world(outside);
    outside.source.during = [&] {
        outside.source.during = nullptr;
        Json going = namespace_object("cainiao-prod");
        going["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
        outside.api.put(namespaces, going);
    };
    world.advance(1min);
    EXPECT_FALSE(world.secret("cainiao-prod"));
    EXPECT_EQ(outside.source.mints.size(), 1U);
}

TEST_F(Membership, ANamespaceRecreatedDuringTheMintGetsACredentialOfItsOwn) {
    World world(outside);
    outside.source.during = [&] {
        outside.source.during = nullptr;
        outside.api.finish_namespace("cainiao-prod");
        outside.api.put(namespaces, namespace_object("cainiao-prod"));
        world.sync();
    };
    world.advance(1min);
    EXPECT_EQ(outside.source.mints.size(), 2U);
    EXPECT_TRUE(world.grant("cainiao-prod"));
    EXPECT_FALSE(world.keys("cainiao-prod").empty());
}

TEST_F(Membership, ARegistryDeletedTakesItsKeysAfterTheGrace) {
    World world(outside);
    world.settle();
    world.erase(registries, "shared-acr");
    world.advance(59s);
    EXPECT_FALSE(world.keys("cainiao-prod").empty());
    world.advance(5s);
    EXPECT_TRUE(world.keys("cainiao-prod").empty());
    EXPECT_EQ(world.problems("cainiao-prod"), (std::vector<std::string>{"RegistryNotFound"}));
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False RegistryNotFound");
    EXPECT_EQ(world.condition("cainiao", "Stalled"), "False NotStalled");
    world.put(registries, shared_acr());
    EXPECT_FALSE(world.keys("cainiao-prod").empty());
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

TEST_F(Membership, MemoryAloneNeverDeletes) {
    World world(outside);
    world.settle();
    // The watch lies: the tenancy is still there.
    world.view.delete_tenancy(*outside.api.find(registry_tenancies, {"", "cainiao"}));
    outside.clock.advance(61s);
    static_cast<void>(world.view.end_graces());
    static_cast<void>(world.reconciler.reconcile("cainiao-prod", {}));
    outside.clock.advance(61s);
    EXPECT_EQ(world.reconciler.reconcile("cainiao-prod", {}).kind, kube::Outcome::Kind::Retry);
    EXPECT_TRUE(world.secret("cainiao-prod"));
    EXPECT_TRUE(world.grant("cainiao-prod"));
}

TEST_F(Membership, ExcludedNamespacesAreNeverGoverned) {
    outside.api.put(registry_tenancies, tenancy("cainiao", {"kube-system"}, {"cainiao"}));
    outside.api.put(namespaces, namespace_object("kube-system"));
    World world(outside);
    world.advance(1min);
    EXPECT_FALSE(world.secret("kube-system"));
    EXPECT_FALSE(world.grant("kube-system"));
}

TEST_F(Membership, ABaselineAddsToGovernedNamespacesOnly) {
    outside.api.put(registries, other_acr());
    Json baseline = tenancy("base", {}, {});
    baseline["spec"]["baseline"] = true;
    baseline["spec"]["registries"] = Json::array({entry("other-acr", {"sidecars"})});
    outside.api.put(namespaces, namespace_object("elsewhere"));
    World world(outside);
    world.put(registry_tenancies, baseline);
    EXPECT_TRUE(world.keys("cainiao-prod").contains(other_host() + "/sidecars/"));
    EXPECT_FALSE(world.grant("elsewhere"));
    EXPECT_EQ(world.condition("base", "Ready"), "True Accepted");
}

}  // namespace
}  // namespace rt::op::test
