#include "operator/inventory/waiting_pods.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/inventory/running_images.hpp"

namespace rt::op {
namespace {

using Names = std::vector<std::string>;

Json waiting_status(std::string const& container, std::string const& reason) {
    return {{"name", container},
            {"state", {{"waiting", {{"reason", reason}, {"message", "Back-off pulling"}}}}},
            {"lastState", Json::object()},
            {"restartCount", 0}};
}

/// One container that cannot be pulled; a ReplicaSet's.
Json pod(std::string const& name) {
    return {{"metadata",
             {{"namespace", "n"},
              {"name", name},
              {"uid", "uid-" + name},
              {"resourceVersion", "7"},
              {"creationTimestamp", "2026-11-22T00:00:00Z"},
              {"ownerReferences",
               {{{"apiVersion", "apps/v1"},
                 {"kind", "ReplicaSet"},
                 {"name", "web"},
                 {"uid", "rs"},
                 {"controller", true}}}}}},
            {"spec",
             {{"containers", {{{"name", "web"}, {"image", "host/a/web:1"}}}},
              {"imagePullSecrets", {{{"name", "registry-tenancy"}}}}}},
            {"status",
             {{"phase", "Pending"},
              {"containerStatuses", {waiting_status("web", "ImagePullBackOff")}}}}};
}

WaitingPod read(Json const& object) {
    // As the watch delivers it.
    Json reduced = object;
    reduce_pod(reduced);
    EXPECT_EQ(read_waiting(reduced), read_waiting(object)) << "reducing must lose nothing";
    return read_waiting(reduced);
}

TEST(ReadWaiting, NamesTheImagesThatCannotBePulled) {
    Json object = pod("p");
    object["spec"]["containers"].push_back({{"name", "side"}, {"image", "host/a/side:1"}});
    object["status"]["containerStatuses"].push_back(waiting_status("side", "ContainerCreating"));
    object["spec"]["initContainers"] = {{{"name", "init"}, {"image", "host/a/init:1"}}};
    object["status"]["initContainerStatuses"] = {waiting_status("init", "ErrImagePull")};
    WaitingPod const waiting = read(object);
    EXPECT_EQ(waiting.images, (Names{"host/a/init:1", "host/a/web:1"}));
    EXPECT_EQ(waiting.uid, "uid-p");
    EXPECT_EQ(waiting.resource_version, "7");
    EXPECT_TRUE(waiting.names_secret);
    EXPECT_TRUE(waiting.replaceable);
}

TEST(ReadWaiting, APodOfWhichAnythingHasRunDoesNotCount) {
    Json const running = {{"running", {{"startedAt", "2026-11-22T00:00:01Z"}}}};
    Json const ended = {{"terminated", {{"exitCode", 0}}}};
    Json beside = pod("p");
    beside["status"]["containerStatuses"].push_back({{"name", "side"}, {"state", running}});
    EXPECT_TRUE(read(beside).images.empty()) << "a container runs";
    Json after_init = pod("p");
    after_init["status"]["initContainerStatuses"] = {{{"name", "init"}, {"state", ended}}};
    EXPECT_TRUE(read(after_init).images.empty()) << "an init container has run";
    Json restarted = pod("p");
    restarted["status"]["containerStatuses"][0]["restartCount"] = 1;
    EXPECT_TRUE(read(restarted).images.empty());
    Json before = pod("p");
    before["status"]["containerStatuses"][0]["lastState"] = ended;
    EXPECT_TRUE(read(before).images.empty());
    Json leaving = pod("p");
    leaving["metadata"]["deletionTimestamp"] = "2026-11-22T00:01:00Z";
    EXPECT_TRUE(read(leaving).images.empty()) << "it is being deleted";
}

TEST(ReadWaiting, OtherReasonsAreNotOurs) {
    Json object = pod("p");
    for (char const* reason : {"ContainerCreating", "CrashLoopBackOff", "InvalidImageName"}) {
        object["status"]["containerStatuses"] = {waiting_status("web", reason)};
        EXPECT_TRUE(read(object).images.empty()) << reason;
    }
    object.erase("status");
    EXPECT_TRUE(read(object).images.empty());
}

TEST(ReadWaiting, NobodyMakesABareOrMirrorPodAnew) {
    Json bare = pod("p");
    bare["metadata"].erase("ownerReferences");
    EXPECT_FALSE(read(bare).replaceable);
    Json mirror = pod("p");
    mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "hash";
    EXPECT_FALSE(read(mirror).replaceable);
    Json without = pod("p");
    without["spec"].erase("imagePullSecrets");
    EXPECT_FALSE(read(without).names_secret);
}

class WaitingPodsTest : public testing::Test {
  protected:
    Names of(std::string const& ns) {
        Names names;
        for (WaitingPod const& one : waiting.of(ns)) {
            names.push_back(one.name);
        }
        return names;
    }
    Names told() { return std::exchange(told_, {}); }

    Names told_;
    WaitingPods waiting{[this](Names const& changed) {
        told_.insert(told_.end(), changed.begin(), changed.end());
    }};
};

TEST_F(WaitingPodsTest, TellsOnceThatAPodBeganToWait) {
    waiting.upsert(pod("p"));
    EXPECT_EQ(told(), Names{"n"});
    Json later = pod("p");
    later["metadata"]["resourceVersion"] = "8";
    later["status"]["containerStatuses"] = {waiting_status("web", "ErrImagePull")};
    waiting.upsert(later);
    EXPECT_EQ(told(), Names{});
    EXPECT_EQ(waiting.of("n").at(0).resource_version, "8");
}

TEST_F(WaitingPodsTest, ForgetsPodsThatRunOrGo) {
    waiting.replace({pod("p"), pod("q")});
    EXPECT_EQ(told(), Names{"n"});
    EXPECT_EQ(of("n"), (Names{"p", "q"}));
    Json runs = pod("p");
    runs["status"]["containerStatuses"][0]["state"] = {{"running", Json::object()}};
    waiting.upsert(runs);
    EXPECT_EQ(of("n"), Names{"q"});
    waiting.remove(pod("q"));
    EXPECT_FALSE(waiting.any("n"));
    waiting.replace({pod("p")});
    waiting.replace({});
    EXPECT_FALSE(waiting.any("n"));
}

TEST_F(WaitingPodsTest, KeepsAMarkAsLongAsThePodWaits) {
    waiting.replace({pod("p"), pod("q")});
    waiting.mark("uid-p", {true, true});
    waiting.mark("uid-q", {true, false});
    EXPECT_TRUE(waiting.mark_of("uid-p").told);
    EXPECT_FALSE(waiting.mark_of("uid-q").told);
    waiting.remove(pod("p"));
    EXPECT_FALSE(waiting.mark_of("uid-p").told);
    EXPECT_TRUE(waiting.mark_of("uid-q").seen_without);
}

}  // namespace
}  // namespace rt::op
