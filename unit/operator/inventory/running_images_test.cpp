#include "operator/inventory/running_images.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rt::op {
namespace {

using Names = std::vector<std::string>;

Json pod(std::string const& ns, std::string const& name, Names const& images,
         std::string const& created = "2026-11-22T00:00:00Z") {
    Json containers = Json::array();
    for (std::string const& image : images) {
        containers.push_back({{"name", "c" + std::to_string(containers.size())}, {"image", image}});
    }
    return {{"metadata",
             {{"namespace", ns}, {"name", name}, {"uid", name}, {"creationTimestamp", created}}},
            {"spec", {{"containers", containers}}},
            {"status", {{"phase", "Running"}}}};
}

class RunningImagesTest : public testing::Test {
  protected:
    Names of(std::string const& ns) {
        Names images;
        for (auto const& one : running.of(ns)) {
            images.push_back(one.image);
        }
        return images;
    }
    /// The namespaces told of since the last call.
    Names told() { return std::exchange(told_, {}); }

    Names told_;
    RunningImages running{[this](Names const& changed) {
        told_.insert(told_.end(), changed.begin(), changed.end());
    }};
};

TEST_F(RunningImagesTest, KeepsDistinctImagesUntilTheirLastPodGoes) {
    running.upsert(pod("a", "p1", {"x", "y", "x"}));
    running.upsert(pod("a", "p2", {"x"}));
    EXPECT_EQ(of("a"), (Names{"x", "y"}));
    running.remove(pod("a", "p1", {}));
    EXPECT_EQ(of("a"), (Names{"x"}));
    running.remove(pod("a", "p2", {}));
    EXPECT_EQ(of("a"), Names{});
    EXPECT_EQ(of("b"), Names{});
}

TEST_F(RunningImagesTest, TellsOfNewPodsAndOfImagesThatWentAndOfNothingElse) {
    running.upsert(pod("a", "p1", {"x"}));
    EXPECT_EQ(told(), Names{"a"});
    running.upsert(pod("a", "p1", {"x"}));
    EXPECT_EQ(told(), Names{}) << "a status update";
    running.upsert(pod("a", "p2", {"x"}));
    EXPECT_EQ(told(), Names{"a"});
    running.remove(pod("a", "p2", {"x"}));
    EXPECT_EQ(told(), Names{}) << "the image still runs";
    running.upsert(pod("a", "p1", {"x", "debug"}));
    EXPECT_EQ(told(), Names{"a"}) << "an ephemeral container, say";
    running.remove(pod("a", "p1", {}));
    EXPECT_EQ(told(), Names{"a"});
    running.remove(pod("a", "p1", {}));
    EXPECT_EQ(told(), Names{});
}

TEST_F(RunningImagesTest, LooksThroughEveryDoor) {
    Json all = pod("a", "p1", {"one"});
    all["spec"]["initContainers"] = {{{"name", "i"}, {"image", "two"}}};
    all["spec"]["ephemeralContainers"] = {{{"name", "e"}, {"image", "three"}}};
    all["spec"]["volumes"] = {{{"name", "v"}, {"image", {{"reference", "four"}}}},
                              {{"name", "w"}, {"emptyDir", Json::object()}}};
    Json reduced = all;
    reduce_pod(reduced);
    EXPECT_EQ(reduced["metadata"], all["metadata"]);
    for (Json const& object : {all, reduced}) {
        running.replace({object});
        EXPECT_EQ(of("a"), (Names{"four", "one", "three", "two"}));
    }
}

TEST_F(RunningImagesTest, ForgetsPodsThatHaveEnded) {
    running.upsert(pod("a", "p1", {"x"}));
    for (char const* phase : {"Succeeded", "Failed"}) {
        Json ended = pod("a", "p1", {"x"});
        ended["status"]["phase"] = phase;
        running.upsert(ended);
        EXPECT_EQ(of("a"), Names{});
        running.upsert(pod("a", "p1", {"x"}));
    }
}

TEST_F(RunningImagesTest, IsCompleteWithTheFirstListWhichIsTheWholeTruth) {
    EXPECT_FALSE(running.complete());
    running.upsert(pod("a", "p1", {"x"}));
    running.upsert(pod("b", "p1", {"x"}));
    running.upsert(pod("c", "p1", {"x"}));
    static_cast<void>(told());
    running.replace({pod("a", "p1", {"x"}), pod("b", "p2", {"y"})});
    EXPECT_TRUE(running.complete());
    Names changed = told();
    std::sort(changed.begin(), changed.end());
    EXPECT_EQ(changed, (Names{"b", "c"}));
    EXPECT_EQ(of("b"), Names{"y"});
    EXPECT_EQ(of("c"), Names{});
}

TEST_F(RunningImagesTest, TellsTheYoungestPodOfAnImage) {
    running.replace({pod("a", "old", {"x"}, "2026-01-01T00:00:00Z"),
                     pod("a", "new", {"x"}, "2026-02-02T00:00:00Z")});
    auto const images = running.of("a");
    ASSERT_EQ(images.size(), 1U);
    running.remove(pod("a", "new", {}));
    EXPECT_LT(running.of("a")[0].newest, images[0].newest);
}

}  // namespace
}  // namespace rt::op
