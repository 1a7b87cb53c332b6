#include "operator/inventory/late_credentials.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"
#include "unit/operator/tenancy/world.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;
using rt::test::Verb;

/// Namespace `n` under tenancy `cainiao`, with the real reconciler, and Pods that wait.
class LateCredentialsTest : public testing::Test {
  protected:
    LateCredentialsTest() {
        outside.api.put(kube::types::registries, test::shared_acr());
        outside.api.put(kube::types::registry_tenancies,
                        test::tenancy("cainiao", {"n"}, {"cainiao"}));
        outside.api.put(kube::types::namespaces, test::namespace_object("n"));
        outside.source.failing = {{"shared-acr", {ErrorKind::Unavailable, "no answer"}}};
        world.settle();
    }
    /// A Pod of a ReplicaSet, made now, which cannot pull.
    Json pod(std::string const& name) {
        return {
            {"metadata",
             {{"namespace", "n"},
              {"name", name},
              {"uid", "uid-" + name},
              {"resourceVersion", "7"},
              {"creationTimestamp", format_rfc3339(outside.clock.wall_now())},
              {"ownerReferences",
               {{{"kind", "ReplicaSet"}, {"name", "web"}, {"controller", true}}}}}},
            {"spec",
             {{"containers", {{{"name", "web"}, {"image", image}}}},
              {"imagePullSecrets", {{{"name", "registry-tenancy"}}}}}},
            {"status",
             {{"phase", "Pending"},
              {"containerStatuses",
               {{{"name", "web"}, {"state", {{"waiting", {{"reason", "ImagePullBackOff"}}}}}}}}}}};
    }
    /// What the watch reports next: the Pod itself stands in the API, too.
    void waits(Json const& one) {
        Json stored = outside.api.put(kube::types::pods, one);
        stored["metadata"]["creationTimestamp"] = one["metadata"]["creationTimestamp"];
        waiting.upsert(stored);
    }
    /// The cloud answers again, and the operator gets there.
    void credential_comes() {
        outside.source.failing.clear();
        world.advance(2min);
        ASSERT_TRUE(world.secret("n"));
    }
    kube::Outcome look(bool evict = false) {
        LateCredentials late({outside.api, world.view, waiting, world.events, outside.clock,
                              world.settings.exception_life_max, evict});
        return late.reconcile("n", {});
    }
    std::string note(std::string const& reason) {
        for (auto const& event : world.events.events) {
            if (event.reason == reason) {
                return event.tenancy + ": " + event.note;
            }
        }
        return {};
    }
    int evictions() { return outside.api.count(Verb::CreateSubresource, kube::types::pods); }

    test::Outside outside;
    test::World world{outside};
    WaitingPods waiting{[](auto const&) {}};
    std::string const image = std::string(test::vpc_host) + "/cainiao/a1:v1";
};

TEST_F(LateCredentialsTest, TellsOnceWhenTheCredentialIsThereAndWhenTheKubeletTriesAgain) {
    waits(pod("p"));
    look();
    EXPECT_EQ(world.events.count("CredentialReady"), 0);
    credential_comes();
    look();
    look();
    EXPECT_EQ(world.events.count("CredentialReady"), 1);
    EXPECT_EQ(note("CredentialReady"),
              "n/p: The credential for shared-acr is ready; this Pod came before it. The kubelet "
              "tries again within 130 s.");
    EXPECT_EQ(evictions(), 0) << "not unless the settings ask for it";
}

TEST_F(LateCredentialsTest, APodBesideACredentialWaitsForSomethingElse) {
    credential_comes();
    outside.clock.advance(1min);
    waits(pod("p"));
    look(true);
    world.advance(40min);  // a refresh
    look(true);
    EXPECT_EQ(world.events.count("CredentialReady"), 0);
    EXPECT_EQ(evictions(), 0);
}

TEST_F(LateCredentialsTest, ARestartedOperatorKnowsByTheSecretsAge) {
    Json const before = pod("p");
    outside.clock.advance(5s);
    credential_comes();
    waits(before);
    look();
    EXPECT_EQ(world.events.count("CredentialReady"), 1);
}

TEST_F(LateCredentialsTest, APodThatDoesNotNameTheSecretIsToldSo) {
    Json one = pod("p");
    one["spec"].erase("imagePullSecrets");
    waits(one);
    look();
    credential_comes();
    look();
    EXPECT_EQ(world.events.count("PullSecretNotNamed"), 1);
    EXPECT_EQ(world.events.count("CredentialReady"), 0);
}

TEST_F(LateCredentialsTest, ImagesThatNothingHereGivesACredentialForAreNotItsBusiness) {
    Json one = pod("p");
    one["spec"]["containers"][0]["image"] = "docker.io/library/nginx";
    waits(one);
    look(true);
    credential_comes();
    look(true);
    EXPECT_TRUE(note("CredentialReady").empty());
    EXPECT_EQ(evictions(), 0);
}

TEST_F(LateCredentialsTest, EvictsWhereTheSettingsAskForItAndTellsThat) {
    waits(pod("p"));
    Json bare = pod("bare");
    bare["metadata"].erase("ownerReferences");
    waits(bare);
    look(true);
    EXPECT_EQ(evictions(), 0) << "there is nothing to pull with yet";
    credential_comes();
    EXPECT_EQ(look(true).kind, kube::Outcome::Kind::Done);
    EXPECT_EQ(evictions(), 1) << "nobody would make the bare Pod anew";
    EXPECT_EQ(world.events.count("CredentialReady"), 2);
    EXPECT_EQ(note("Replaced").substr(0, 5), "n/p: ");
}

TEST_F(LateCredentialsTest, DoesNotEvictWhatTheKubeletIsAboutToTry) {
    Json const one = pod("p");
    outside.clock.advance(5s);
    outside.source.failing.clear();
    world.advance(10s);
    ASSERT_TRUE(world.secret("n"));
    waits(one);
    look(true);
    EXPECT_EQ(world.events.count("CredentialReady"), 1);
    EXPECT_EQ(evictions(), 0);
}

TEST_F(LateCredentialsTest, ComesBackWhereADisruptionBudgetForbidsIt) {
    waits(pod("p"));
    look(true);
    credential_comes();
    outside.api.fail_next(Verb::CreateSubresource, kube::types::pods,
                          {ErrorKind::Throttled, "violates the Pod's disruption budget"});
    EXPECT_EQ(look(true).kind, kube::Outcome::Kind::After);
    EXPECT_EQ(world.events.count("Replaced"), 0);
    EXPECT_EQ(look(true).kind, kube::Outcome::Kind::Done);
    EXPECT_EQ(world.events.count("Replaced"), 1);
    EXPECT_EQ(world.events.count("CredentialReady"), 1);
}

TEST_F(LateCredentialsTest, WithoutTheRightItDoesNotGoOnAsking) {
    waits(pod("p"));
    look(true);
    credential_comes();
    outside.api.fail_next(Verb::CreateSubresource, kube::types::pods,
                          {ErrorKind::Forbidden, "may not evict"}, -1);
    EXPECT_EQ(look(true).kind, kube::Outcome::Kind::Done);
}

TEST(NextPullWithin, FollowsTheKubeletsBackOff) {
    WallTime const created{};
    EXPECT_EQ(next_pull_within(created, created), 10s);
    EXPECT_EQ(next_pull_within(created, created + 70s), 80s);
    EXPECT_EQ(next_pull_within(created, created + 1h), 300s);
    EXPECT_EQ(next_pull_within(created, created - 1h), 10s) << "a clock that was set back";
}

}  // namespace
}  // namespace rt::op
