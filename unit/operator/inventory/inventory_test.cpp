#include "operator/inventory/inventory.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"
#include "unit/operator/tenancy/objects.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;
using kube::types::registry_grants;
using rt::test::Verb;
using Names = std::vector<std::string>;

/// Namespace `n`, governed by tenancy `cainiao`, with the grant that the reconciler wrote.
class InventoryTest : public testing::Test {
  protected:
    InventoryTest() {
        api.put(kube::types::registries, test::shared_acr());
        api.put(kube::types::registry_tenancies, test::tenancy("cainiao", {"n"}, {"cainiao"}));
        api.put(kube::types::namespaces, test::namespace_object("n"));
        api.put(registry_grants, {{"metadata", {{"namespace", "n"}, {"name", "effective"}}},
                                  {"spec", {{"enforcement", "Audit"}}}});
        sync();
    }
    void sync() {
        view.replace_registries(api.all(kube::types::registries));
        view.replace_tenancies(api.all(kube::types::registry_tenancies));
        view.replace_namespaces(api.all(kube::types::namespaces));
        view.replace_grants(api.all(registry_grants));
    }
    void run(std::vector<Json> const& pods) {
        running.replace(pods);
        reconcile();
    }
    void reconcile() {
        sync();
        EXPECT_EQ(inventory.reconcile("n", {}).kind, kube::Outcome::Kind::Done);
    }
    Json pod(std::string const& name, std::string const& image) {
        clock.advance(1s);
        return {{"metadata",
                 {{"namespace", "n"},
                  {"name", name},
                  {"creationTimestamp", format_rfc3339(clock.wall_now())}}},
                {"spec", {{"containers", {{{"name", "c"}, {"image", image}}}}}}};
    }
    Json workloads() {
        auto const grant = api.find(registry_grants, {"n", "effective"});
        return grant && grant->contains("workloads") ? grant->at("workloads") : Json();
    }
    int writes() { return api.count(Verb::Apply, registry_grants); }

    rt::test::FakeClock clock;
    rt::test::FakeApiServer api{clock};
    tenancy::Settings settings;
    Metrics registry;
    OperatorMetrics metrics{registry};
    ClusterView view{settings, clock, [](Affected const&) {}};
    RunningImages running{[](Names const&) {}};
    WorkloadBoard board;
    Names told;
    int everything = 0;
    Inventory inventory{{api, view, running, board, metrics, clock, settings.exception_life_max,
                         [this](Names const& tenancies) {
                             told.insert(told.end(), tenancies.begin(), tenancies.end());
                         },
                         [this] { ++everything; }}};
};

std::string const own = std::string(test::vpc_host) + "/cainiao/a1:v1";

TEST_F(InventoryTest, TellsInTheGrantWhatRunsThoughNothingAllowsIt) {
    run({pod("good", own), pod("bad", "nginx")});
    EXPECT_EQ(workloads(), Json::parse(R"({"denied": 1, "grandfathered": 0, "byException": 0,
        "images": [{"image": "nginx", "verdict": "Denied"}]})"));
    EXPECT_EQ(api.find(registry_grants, {"n", "effective"})->at("spec")["enforcement"], "Audit")
        << "the rest of the grant is not its business";
    EXPECT_EQ(told, Names{"cainiao"});
    EXPECT_EQ(board.tally({"n"}).denied, 1U);
    run({pod("good", own)});
    EXPECT_TRUE(workloads().is_null());
    EXPECT_EQ(board.tally({"n"}).denied, 0U);
}

TEST_F(InventoryTest, WritesOnlyWhatChanged) {
    for (int i = 0; i < 3; ++i) {
        run({pod("bad", "nginx")});
    }
    EXPECT_EQ(writes(), 1);
    EXPECT_EQ(told.size(), 1U);
    run({pod("good", own)});
    run({pod("other", own)});
    EXPECT_EQ(writes(), 2);
}

TEST_F(InventoryTest, TakesPodsFromBeforeTheGrantForGrandfathered) {
    Json old = pod("old", "nginx");
    old["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z";
    run({old});
    EXPECT_EQ(workloads()["grandfathered"], 1);
    EXPECT_EQ(workloads()["denied"], 0);
}

TEST_F(InventoryTest, SaysNothingBeforeAllPodsAreKnown) {
    running.upsert(pod("bad", "nginx"));
    reconcile();
    EXPECT_EQ(writes(), 0);
    EXPECT_EQ(board.tally({"n"}).unknown, 1U);
}

TEST_F(InventoryTest, WaitsForTheGrantAndNeverCreatesOne) {
    api.erase(registry_grants, {"n", "effective"});
    run({pod("bad", "nginx")});
    EXPECT_FALSE(api.find(registry_grants, {"n", "effective"}));
    EXPECT_EQ(board.tally({"n"}).unknown, 0U);
}

TEST_F(InventoryTest, ForgetsNamespacesThatNobodyGoverns) {
    run({pod("bad", "nginx")});
    api.erase(kube::types::registry_tenancies, {"", "cainiao"});
    settings.grace = 0s;
    sync();
    static_cast<void>(view.end_graces());
    reconcile();
    EXPECT_EQ(board.tally({"n"}).unknown, 1U);
    EXPECT_EQ(writes(), 1) << "the grant goes by itself";
}

TEST_F(InventoryTest, TriesAgainWhatCouldNotBeWritten) {
    api.fail_next(Verb::Apply, registry_grants, Error{ErrorKind::Throttled, "slow down"});
    running.replace({pod("bad", "nginx")});
    EXPECT_EQ(inventory.reconcile("n", {}).kind, kube::Outcome::Kind::Retry);
    reconcile();
    EXPECT_EQ(workloads()["denied"], 1);
}

TEST_F(InventoryTest, LooksForATypeAgainSoonWhereThatFailed) {
    api.serve(policy_reports());
    api.fail_next(Verb::List, policy_reports(), Error{ErrorKind::Throttled, "initializing"});
    EXPECT_EQ(inventory.reconcile(Inventory::look_for_reports, {}).kind,
              kube::Outcome::Kind::Retry);
    api.fail_next(Verb::List, policy_reports(), Error{ErrorKind::Forbidden, "no such right"});
    EXPECT_EQ(inventory.reconcile(Inventory::look_for_reports, {}).kind,
              kube::Outcome::Kind::After);
    EXPECT_EQ(everything, 0);
}

TEST_F(InventoryTest, ReportsWhereTheClusterHasATypeForIt) {
    api.serve(policy_reports());
    auto const outcome = inventory.reconcile(Inventory::look_for_reports, {});
    EXPECT_EQ(outcome.kind, kube::Outcome::Kind::After);
    EXPECT_EQ(everything, 1);
    run({pod("bad", "nginx")});
    EXPECT_TRUE(api.find(policy_reports(), {"n", "registry-tenancy"}));
    api.erase(kube::types::registry_tenancies, {"", "cainiao"});
    settings.grace = 0s;
    sync();
    static_cast<void>(view.end_graces());
    reconcile();
    EXPECT_FALSE(api.find(policy_reports(), {"n", "registry-tenancy"}));
}

}  // namespace
}  // namespace rt::op
