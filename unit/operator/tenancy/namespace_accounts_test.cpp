#include "operator/tenancy/namespace_accounts.hpp"

#include <gtest/gtest.h>

#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;

constexpr char product[] = "registry-tenancy-system";

Json by_token(Json registry) {
    registry["spec"]["alibabaACR"]["identity"] = {
        {"type", "ServiceAccount"},
        {"serviceAccount", {{"provider", "acs:ram::1146716667364888:oidc-provider/demo"}}}};
    return registry;
}

Json without_external_id(Json tenancy) {
    for (Json& registry : tenancy["spec"]["registries"]) {
        registry.erase("externalID");
    }
    return tenancy;
}

class NamespaceAccountsTest : public testing::Test {
  protected:
    NamespaceAccountsTest() {
        world.settings.product_namespace = product;
        world.put(kube::types::registries, by_token(shared_acr()));
        world.put(kube::types::namespaces, namespace_object("team"));
        world.put(kube::types::registry_tenancies,
                  without_external_id(tenancy("t", {"team"}, {"cainiao"})));
    }

    void put_account(std::string const& name, std::string const& ns,
                     std::string const& managed_by = "registry-tenancy-operator") {
        outside.api.put(kube::types::service_accounts,
                        {{"metadata",
                          {{"name", name},
                           {"namespace", product},
                           {"labels",
                            {{"app.kubernetes.io/managed-by", managed_by},
                             {"registrytenancy.dev/namespace", ns}}}}}});
    }
    bool there(std::string const& name) {
        return outside.api.find(kube::types::service_accounts, {product, name}).has_value();
    }
    void sweep_for(std::chrono::seconds time) {
        for (auto passed = 0s; passed <= time; passed += 20s) {
            auto const outcome = accounts.sweep({});
            EXPECT_EQ(outcome.kind, kube::Outcome::Kind::After);
            world.advance(20s);
        }
    }

    Outside outside;
    World world{outside};
    NamespaceAccounts accounts{outside.api, world.view, outside.clock, world.settings};
};

TEST_F(NamespaceAccountsTest, OneThatIsNeededStays) {
    put_account("ns-team", "team");
    sweep_for(600s);
    EXPECT_TRUE(there("ns-team"));
}

TEST_F(NamespaceAccountsTest, OneGoesAfterTheGraceWhenItsNamespaceHasLeft) {
    put_account("ns-team", "team");
    world.erase(kube::types::registry_tenancies, "t");
    sweep_for(60s);
    EXPECT_TRUE(there("ns-team")) << "the deleted tenancy's rules stand for the grace";
    sweep_for(120s);
    EXPECT_FALSE(there("ns-team"));
}

TEST_F(NamespaceAccountsTest, OneGoesWithItsNamespace) {
    put_account("ns-team", "team");
    outside.api.erase(kube::types::namespaces, {"", "team"});
    world.sync();
    sweep_for(40s);
    EXPECT_TRUE(there("ns-team"));
    sweep_for(60s);
    EXPECT_FALSE(there("ns-team"));
}

TEST_F(NamespaceAccountsTest, OneGoesWhenTheRegistryHasAnotherIdentity) {
    put_account("ns-team", "team");
    world.put(kube::types::registries, shared_acr());
    sweep_for(120s);
    EXPECT_FALSE(there("ns-team"));
}

TEST_F(NamespaceAccountsTest, ANamespaceThatComesBackInTimeKeepsIts) {
    put_account("ns-team", "team");
    outside.api.erase(kube::types::namespaces, {"", "team"});
    world.sync();
    sweep_for(40s);
    world.put(kube::types::namespaces, namespace_object("team"));
    sweep_for(40s);
    outside.api.erase(kube::types::namespaces, {"", "team"});
    world.sync();
    sweep_for(40s);
    EXPECT_TRUE(there("ns-team")) << "the grace starts anew";
}

TEST_F(NamespaceAccountsTest, ForeignOnesAreNeverTouched) {
    put_account("registry-tenancy-webhook", "gone");  // not the name that its label gives
    put_account("ns-gone", "gone", "somebody-else");  // not ours
    put_account("ns-other", "gone");                  // name and label disagree
    sweep_for(300s);
    EXPECT_TRUE(there("registry-tenancy-webhook"));
    EXPECT_TRUE(there("ns-gone"));
    EXPECT_TRUE(there("ns-other"));
}

TEST_F(NamespaceAccountsTest, ATenancyThatCannotBeReadKeepsThem) {
    put_account("ns-lost", "lost");
    world.put(kube::types::namespaces, namespace_object("lost"));
    Json broken = tenancy("broken", {"lost"}, {"cainiao"});
    broken["spec"]["registries"] = "nonsense";
    world.put(kube::types::registry_tenancies, broken);
    sweep_for(300s);
    EXPECT_TRUE(there("ns-lost"));
}

TEST_F(NamespaceAccountsTest, AFailureIsTriedAgainAndTakesNothing) {
    put_account("ns-gone", "gone");
    outside.api.fail_next(rt::test::Verb::List, kube::types::service_accounts,
                          Error{ErrorKind::Unavailable, "later"});
    EXPECT_EQ(accounts.sweep({}).kind, kube::Outcome::Kind::Retry);
    outside.api.fail_next(rt::test::Verb::Delete, kube::types::service_accounts,
                          Error{ErrorKind::Unavailable, "later"});
    sweep_for(100s);
    EXPECT_FALSE(there("ns-gone")) << "tried again";
}

}  // namespace
}  // namespace rt::op::test
