#include "operator/tenancy/status.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"
#include "lib/kube/core/condition.hpp"
#include "unit/operator/tenancy/objects.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

WallTime now() {
    return parse_rfc3339("2026-01-02T03:04:05Z").value();
}

Declared<tenancy::RegistryTenancy> declared(Json const& before = Json()) {
    Declared<tenancy::RegistryTenancy> result;
    Json object = test::tenancy("cainiao", {"n"}, {"cainiao"});
    object["metadata"]["generation"] = 3;
    auto parsed = tenancy::RegistryTenancy::parse(object);
    result.in_force = std::make_shared<tenancy::RegistryTenancy const>(std::move(*parsed));
    result.meta = kube::meta_of(object);
    result.status = std::make_shared<Json const>(before);
    return result;
}

std::string shown(Json const& status, std::string const& type) {
    auto const conditions = kube::conditions_of(Json{{"status", status}});
    kube::Condition const* condition = kube::find_condition(conditions, type);
    return condition == nullptr ? "none" : condition->status + " " + condition->reason;
}

ResultBoard::Tally tally(std::size_t ready, std::size_t pending, Names const& failed_reasons) {
    ResultBoard::Tally result;
    result.ready = ready;
    result.pending = pending;
    result.matched = ready + pending + failed_reasons.size();
    for (std::string const& reason : failed_reasons) {
        result.failed.push_back({"n" + std::to_string(result.failed.size()), "acr", reason, "why"});
    }
    return result;
}

struct StatusCase {
    char const* name;
    ResultBoard::Tally tally;
    char const* ready;
    char const* reconciling;
    char const* stalled;
    char const* summary;
};

TEST(TenancyStatus, FollowsKstatus) {
    std::vector<StatusCase> const cases{
        {"all ready", tally(2, 0, {}), "True CredentialsReady", "False Settled", "False NotStalled",
         "2/2"},
        {"nothing matched", tally(0, 0, {}), "True NoNamespaces", "False Settled",
         "False NotStalled", "0/0"},
        {"on their way", tally(1, 1, {}), "Unknown Progressing", "True Progressing",
         "False NotStalled", "1/2"},
        {"a name conflict is not stalled", tally(1, 0, {"NameConflict"}), "False NameConflict",
         "False Settled", "False NotStalled", "1/2"},
        {"a denial is not stalled", tally(0, 1, {"CredentialDenied"}), "False CredentialDenied",
         "True Progressing", "False NotStalled", "0/2"},
        {"a spec error is stalled", tally(1, 0, {"CredentialDenied", "RoleNotAllowed"}),
         "False CredentialDenied", "False Settled", "True RoleNotAllowed", "1/3"},
    };
    for (StatusCase const& one : cases) {
        SCOPED_TRACE(one.name);
        Json const status = tenancy_status(declared(), one.tally, {}, {}, now());
        EXPECT_EQ(shown(status, "Ready"), one.ready);
        EXPECT_EQ(shown(status, "Reconciling"), one.reconciling);
        EXPECT_EQ(shown(status, "Stalled"), one.stalled);
        EXPECT_EQ(status.at("namespaces").at("summary"), one.summary);
        EXPECT_EQ(status.at("observedGeneration"), 3);
        EXPECT_EQ(status.at("namespaces").contains("failed"), !one.tally.failed.empty());
    }
}

TEST(TenancyStatus, DoesNotChangeWhileNothingChanges) {
    Json const first = tenancy_status(declared(), tally(2, 0, {}), {}, {}, now());
    EXPECT_EQ(tenancy_status(declared(first), tally(2, 0, {}), {}, {}, now() + 1h), first);
    Json const failed =
        tenancy_status(declared(first), tally(1, 0, {"NameConflict"}), {}, {}, now() + 1h);
    auto const conditions = kube::conditions_of(Json{{"status", failed}});
    EXPECT_EQ(kube::find_condition(conditions, "Ready")->last_transition_time, now() + 1h);
    EXPECT_EQ(kube::find_condition(conditions, "Stalled")->last_transition_time, now());
}

TEST(TenancyStatus, ListsAtMostTenFailures) {
    Json const status =
        tenancy_status(declared(), tally(0, 0, Names(25, "CredentialDenied")), {}, {}, now());
    EXPECT_EQ(status.at("namespaces").at("failed").size(), 10U);
    EXPECT_EQ(status.at("namespaces").at("matched"), 25);
}

TEST(TenancyStatus, AnInvalidSpecIsStalledWithEveryError) {
    auto broken = declared();
    broken.errors = {{"/spec/registries/0/role", "no role"}, {"/spec/contact", "too long"}};
    Json const status = tenancy_status(broken, tally(1, 0, {}), {}, {}, now());
    EXPECT_EQ(shown(status, "Ready"), "False InvalidSpec");
    EXPECT_EQ(shown(status, "Stalled"), "True InvalidSpec");
    EXPECT_NE(status.dump().find("/spec/registries/0/role"), std::string::npos);
    EXPECT_NE(status.dump().find("/spec/contact"), std::string::npos);
    broken.in_force = nullptr;
    EXPECT_EQ(shown(tenancy_status(broken, tally(0, 0, {}), {}, {}, now()), "Stalled"),
              "True InvalidSpec");
}

TEST(RegistryStatus, TellsALostHost) {
    Declared<tenancy::Registry> registry;
    auto parsed = tenancy::Registry::parse(test::shared_acr());
    registry.in_force = std::make_shared<tenancy::Registry const>(std::move(*parsed));
    registry.status = std::make_shared<Json const>();
    EXPECT_EQ(shown(registry_status(registry, 2, {}, now()), "Ready"), "True Accepted");
    EXPECT_EQ(registry_status(registry, 2, {}, now()).at("tenancies"), 2);
    // Its identity is the node's, which is everybody's who reaches the metadata service.
    EXPECT_NE(registry_status(registry, 2, {}, now()).dump().find("NetworkPolicy"),
              std::string::npos);
    Json const lost =
        registry_status(registry, 0, {{"host.example.com", "older", "shared-acr"}}, now());
    EXPECT_EQ(shown(lost, "Ready"), "False HostConflict");
    EXPECT_NE(lost.dump().find("older"), std::string::npos);
}

TEST(ResultBoardTest, CountsByTenancy) {
    ResultBoard board;
    EXPECT_EQ(board.put("n1", {{"a", "b"}, {}, {}}).tenancies, (Names{"a", "b"}));
    EXPECT_TRUE(board.put("n1", {{"a", "b"}, {}, {}}).tenancies.empty());
    EXPECT_EQ(board.put("n2", {{"a"}, {{"a", "acr", "Denied", "m"}}, {}}).tenancies, (Names{"a"}));
    EXPECT_EQ(board.put("n3", {{"a"}, {}, {"a"}}).tenancies, (Names{"a"}));
    EXPECT_EQ(board.put("n4", {{"c"}, {{"", "", "NameConflict", "m"}}, {}}).tenancies,
              (Names{"c"}));
    auto const a = board.tally("a", {"n1", "n2", "n3", "n5"}, 0);
    EXPECT_EQ(a.matched, 4U);
    EXPECT_EQ(a.ready, 1U);
    EXPECT_EQ(a.pending, 2U);  // n3's is on its way, n5 has not been looked at
    ASSERT_EQ(a.failed.size(), 1U);
    EXPECT_EQ(a.failed[0].ns, "n2");
    EXPECT_EQ(board.tally("c", {"n4"}, 0).failed.size(), 1U);
    // Governed by it since a moment ago: its result still speaks of another tenancy.
    EXPECT_EQ(board.tally("c", {"n1"}, 0).pending, 1U);
    // Found before the tenancy last changed.
    EXPECT_EQ(board.tally("a", {"n1"}, 1).pending, 1U);
    EXPECT_EQ(board.put("n1", {{"a", "b"}, {}, {}, 1}).tenancies, (Names{"a", "b"}));
    EXPECT_EQ(board.tally("a", {"n1"}, 1).ready, 1U);
    EXPECT_EQ(board.remove("n1").tenancies, (Names{"a", "b"}));
    EXPECT_TRUE(board.remove("n1").tenancies.empty());
}

WorkloadBoard::Tally running(std::size_t denied, std::size_t grandfathered,
                             std::size_t by_exception, std::size_t unknown = 0) {
    WorkloadBoard::Tally result;
    result.denied = denied;
    result.grandfathered = grandfathered;
    result.by_exception = by_exception;
    result.unknown = unknown;
    result.namespaces = denied + grandfathered == 0 ? 0 : 1;
    result.first_namespace = "n";
    result.first_image = "docker.io/library/nginx";
    return result;
}

std::string message_of(Json const& status, std::string const& type) {
    auto const conditions = kube::conditions_of(Json{{"status", status}});
    kube::Condition const* condition = kube::find_condition(conditions, type);
    return condition == nullptr ? "none" : condition->message;
}

TEST(WorkloadsCompliant, CountsWhatWouldBeRefusedAndNeverGatesReady) {
    struct Case {
        char const* name;
        WorkloadBoard::Tally running;
        char const* condition;
        char const* message;
    };
    std::vector<Case> const cases{
        {"all allowed", running(0, 0, 0), "True EverythingAllowed",
         "every image that runs is allowed"},
        {"by exception", running(0, 0, 2), "True EverythingAllowed",
         "every image that runs is allowed; 2 images by exception only"},
        {"foreign", running(2, 1, 1), "False ForeignImages",
         "3 running images in 1 namespace would be refused today (1 from before the tenancy); 1 "
         "image by exception only; n: docker.io/library/nginx"},
        {"not known yet", running(0, 0, 0, 2), "Unknown InventoryPending",
         "what runs in 2 namespaces is not known yet"},
    };
    for (Case const& one : cases) {
        SCOPED_TRACE(one.name);
        Json const status = tenancy_status(declared(), tally(1, 0, {}), one.running, {}, now());
        EXPECT_EQ(shown(status, "WorkloadsCompliant"), one.condition);
        EXPECT_EQ(message_of(status, "WorkloadsCompliant"), one.message);
        EXPECT_EQ(shown(status, "Ready"), "True CredentialsReady");
    }
}

TEST(WorkloadsCompliant, StaysAsItWasUntilEverythingIsKnownAgain) {
    Json const before = tenancy_status(declared(), tally(1, 0, {}), running(1, 0, 0), {}, now());
    EXPECT_EQ(
        tenancy_status(declared(before), tally(1, 0, {}), running(0, 0, 0, 1), {}, now() + 1h),
        before);
}

}  // namespace
}  // namespace rt::op
