#include "operator/proof/pull_prover.hpp"

#include <gtest/gtest.h>

#include "lib/base/digest.hpp"
#include "unit/operator/tenancy/world.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;

std::string const ping = std::string("https://") + vpc_host + "/v2/";
std::string const realm = "https://dockerauth.cn-shanghai.aliyuncs.com/auth";

std::string token_with(std::vector<std::string> const& repositories) {
    Json access = Json::array();
    for (std::string const& name : repositories) {
        access.push_back({{"type", "repository"}, {"name", name}, {"actions", {"pull"}}});
    }
    std::string claims = base64_encode(Json{{"access", access}}.dump());
    claims.erase(claims.find_last_not_of('=') + 1);
    return Json{{"token", "e30." + claims + ".c2ln"}}.dump();
}

/// A namespace `ns` whose tenancy allows cainiao and base, an operator that has minted for it, and
/// registries that answer as the test says.
class Prover : public testing::Test {
  protected:
    Prover() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registry_tenancies, tenancy("cainiao", {"ns"}, {"cainiao", "base"}));
        outside.api.put(namespaces, namespace_object("ns"));
        world.settle();
        running.replace({});
    }
    void run(std::vector<std::string> const& images) {
        std::vector<Json> pods;
        for (std::string const& one : images) {
            pods.push_back({{"metadata",
                             {{"name", "pod-" + std::to_string(pods.size())}, {"namespace", "ns"}}},
                            {"spec", {{"containers", Json::array({{{"image", one}}})}}}});
        }
        running.replace(pods);
    }
    kube::Outcome look() {
        world.sync();
        kube::Outcome const outcome = prover.reconcile("ns", {});
        world.settle();
        return outcome;
    }
    void expect_ping() {
        network.expect("GET", ping)
            .answer(401, "",
                    {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}});
    }
    /// The token endpoint grants the credential this, and everybody nothing.
    void expect_tokens(std::vector<std::string> const& granted,
                       std::vector<std::string> const& to_all = {}) {
        network.expect("GET", realm).any_query().answer(200, token_with(granted));
        network.expect("GET", realm).any_query().answer(200, token_with(to_all));
    }
    /// It knows the credential, and doesn't grant it all that is asked.
    void expect_too_little(std::vector<std::string> const& granted = {}) {
        network.expect("GET", realm).any_query().answer(200, token_with(granted));
        expect_tokens({});
    }
    [[nodiscard]] std::string condition() const {
        return world.condition("cainiao", "PullVerified");
    }
    [[nodiscard]] std::vector<std::string> problems() const { return world.problems("ns"); }

    Outside outside;
    World world{outside};
    RunningImages running{[](auto const&) {}};
    rt::test::ScriptedTransport network;
    PullProver prover_at(double checks_per_second) {
        return PullProver({outside.api, network, world.view, running, world.proofs, world.metrics,
                           outside.clock, std::chrono::hours(24), checks_per_second, "demo",
                           [this](std::string const& ns, ProofBoard::Touched const& touched) {
                               world.touch(ns, touched);
                           }});
    }
    PullProver prover = prover_at(5);
    std::string const image = std::string(vpc_host) + "/cainiao/a1:v1";
    std::string const jdk = std::string(vpc_host) + "/base/jdk:17";
};

TEST_F(Prover, HasNothingToAskWhereNoImageIsInUse) {
    EXPECT_EQ(look().kind, kube::Outcome::Kind::Done);
    EXPECT_EQ(condition(), "Unknown NothingToAsk");
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    EXPECT_TRUE(problems().empty());
}

TEST_F(Prover, ShowsTheCredentialOfTheSecretToThePinnedRealmOnly) {
    run({image, jdk});
    expect_ping();
    std::string const query =
        "?service=s&scope=repository%3Abase%2Fjdk%3Apull"
        "&scope=repository%3Acainiao%2Fa1%3Apull";
    network.expect("GET", realm + query + "&account=cr_temp_user")
        .with_header("Authorization", "Basic " + base64_encode("cr_temp_user:password-1"))
        .answer(200, token_with({"cainiao/a1", "base/jdk"}));
    network.expect("GET", realm + query).answer(200, token_with({}));
    EXPECT_EQ(look().kind, kube::Outcome::Kind::Done);
    EXPECT_EQ(condition(), "True Verified");
    EXPECT_EQ(world.events.count("Verified"), 0) << "health is no event";
    // Asked once.
    look();
    run({image, jdk, std::string(vpc_host) + "/cainiao/a2:v1"});
    look();
    // Only what is new is asked about, and without a ping again.
    EXPECT_EQ(network.requests().size(), 3U);
}

TEST_F(Prover, TellsOfARoleThatIsTooNarrowAndThatItIsMended) {
    run({image});
    expect_ping();
    expect_too_little();
    auto const outcome = look();
    EXPECT_EQ(condition(), "False RoleTooNarrow");
    EXPECT_EQ(problems(), std::vector<std::string>{"RoleTooNarrow"});
    EXPECT_EQ(world.grant("ns")->dump().find("acs:ram"), std::string::npos);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady") << "it gates nothing";
    EXPECT_EQ(world.events.count("RoleTooNarrow"), 1);
    int const mints = static_cast<int>(outside.source.mints.size());

    look();  // not before its time
    outside.clock.advance(outcome.delay);
    expect_tokens({"cainiao/a1"});
    EXPECT_EQ(look().kind, kube::Outcome::Kind::Done);
    EXPECT_EQ(condition(), "True Verified");
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(world.events.count("RoleTooNarrow"), 1);
    EXPECT_EQ(world.events.count("PullVerified"), 1);
    EXPECT_EQ(static_cast<int>(outside.source.mints.size()), mints) << "no mint for it";
}

TEST_F(Prover, TellsOfTroubleThatMayPassOnlyWhenItHappensTwice) {
    run({image});
    Error const no_name{ErrorKind::Unavailable, "no such name", "DNSFailed"};
    network.expect("GET", ping).fail(no_name);
    auto outcome = look();
    EXPECT_EQ(condition(), "none");
    EXPECT_TRUE(problems().empty());
    outside.clock.advance(outcome.delay);
    network.expect("GET", ping).fail(no_name);
    outcome = look();
    EXPECT_EQ(condition(), "False DNSFailed");
    EXPECT_EQ(problems(), std::vector<std::string>{"DNSFailed"});
    auto const logins = world.logins("ns");
    EXPECT_FALSE(logins.empty()) << "whatever a registry says, the Secret stays";
    outside.clock.advance(outcome.delay);
    expect_ping();
    expect_tokens({"cainiao/a1"});
    look();
    EXPECT_EQ(condition(), "True Verified");
    EXPECT_EQ(world.logins("ns"), logins);
}

TEST_F(Prover, TellsOfWhatIsOpenToEverybody) {
    run({image});
    expect_ping();
    expect_tokens({"cainiao/a1"}, {"cainiao/a1"});
    look();
    EXPECT_EQ(condition(), "False RegistryNamespacePublic");
    EXPECT_EQ(problems(), std::vector<std::string>{"RegistryNamespacePublic"});
}

TEST_F(Prover, AsksAgainAfterAMintAndForgetsWithTheTenancy) {
    run({image});
    expect_ping();
    expect_tokens({"cainiao/a1"});
    look();
    std::size_t const mints = outside.source.mints.size();
    world.advance(40min);  // past half of an hour's life
    ASSERT_GT(outside.source.mints.size(), mints);
    expect_ping();  // the door was looked at too long ago
    expect_too_little();
    look();
    EXPECT_EQ(condition(), "False RoleTooNarrow");
    world.erase(registry_tenancies, "cainiao");
    world.advance(2min);
    look();
    EXPECT_TRUE(world.proofs.of("ns").findings.empty());
}

TEST_F(Prover, NewEntriesInUseAreAskedAboutAtOnce) {
    run({image});
    expect_ping();
    expect_tokens({"cainiao/a1"});
    look();
    run({image, jdk});
    expect_too_little({"cainiao/a1"});
    look();
    EXPECT_EQ(condition(), "False RoleTooNarrow");
}

TEST_F(Prover, SharesABoundedBudget) {
    std::vector<std::string> all{"ns"};
    for (int i = 0; i < 60; ++i) {
        std::string const ns = "n" + std::to_string(i);
        outside.api.put(namespaces, namespace_object(ns));
        all.push_back(ns);
    }
    outside.api.put(registry_tenancies, tenancy("cainiao", all, {"cainiao"}));
    world.settle();
    std::vector<Json> pods;
    for (std::string const& ns : all) {
        pods.push_back({{"metadata", {{"name", "pod"}, {"namespace", ns}}},
                        {"spec", {{"containers", Json::array({{{"image", image}}})}}}});
    }
    running.replace(pods);
    Error const down{ErrorKind::Unavailable, "connection refused"};
    network.expect("GET", ping).fail(down);
    auto const put_off = [&](double checks_per_second, std::chrono::seconds turn) {
        PullProver one = prover_at(checks_per_second);
        std::size_t count = 0;
        for (std::string const& ns : all) {
            auto const outcome = one.reconcile(ns, {});
            count += outcome.kind == kube::Outcome::Kind::After && outcome.delay < turn ? 1U : 0U;
        }
        return count;
    };
    EXPECT_EQ(put_off(5, 1s), all.size() - 20U);
    EXPECT_EQ(network.requests().size(), 1U) << "a registry that is down is asked once for all";
    network.expect("GET", ping).fail(down);
    EXPECT_EQ(put_off(0.1, 11s), all.size() - 1U) << "four seconds bring none, but one is asked";
}

TEST_F(Prover, SwitchedOffAsksNobodyAndTakesBackWhatWasTold) {
    run({image});
    expect_ping();
    expect_too_little();
    look();
    ASSERT_EQ(condition(), "False RoleTooNarrow");
    ASSERT_EQ(problems(), std::vector<std::string>{"RoleTooNarrow"});
    std::size_t const asked = network.requests().size();
    PullProver off = prover_at(0);
    EXPECT_EQ(off.reconcile("ns", {}).kind, kube::Outcome::Kind::Done);
    world.settle();
    EXPECT_EQ(condition(), "Unknown SwitchedOff");
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    EXPECT_EQ(network.requests().size(), asked);
    EXPECT_EQ(world.events.count("PullVerified"), 0) << "nothing was verified";
}

TEST_F(Prover, SwitchedOffSaysSoAlsoWhereNothingWasMintedYet) {
    outside.source.failing.insert({"shared-acr", {ErrorKind::Unavailable, "later"}});
    outside.api.put(namespaces, namespace_object("late"));
    outside.api.put(registry_tenancies, tenancy("late", {"late"}, {"cainiao"}));
    world.settle();
    PullProver off = prover_at(0);
    off.reconcile("late", {});
    world.settle();
    EXPECT_EQ(world.condition("late", "PullVerified"), "Unknown SwitchedOff");
}

TEST_F(Prover, OfARestartedOperatorChangesNothingUntilItHasAsked) {
    run({image});
    expect_ping();
    expect_too_little();
    look();
    int const grants = world.grant_writes();
    World again(outside);
    again.settle();
    EXPECT_EQ(again.condition("cainiao", "PullVerified"), "False RoleTooNarrow");
    EXPECT_EQ(again.problems("ns"), std::vector<std::string>{"RoleTooNarrow"});
    EXPECT_EQ(again.grant_writes(), grants);
}

}  // namespace
}  // namespace rt::op::test
