#include "lib/kube/runtime/store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "unit/support/eventually.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"

namespace rt::kube {
namespace {

Json object(std::string const& name, std::string const& version, std::string const& value) {
    return {{"metadata", {{"name", name}, {"uid", "u"}, {"resourceVersion", version}}},
            {"value", value}};
}

using Names = std::vector<std::string>;

class StoreTest : public ::testing::Test {
  public:
    StoreTest() {
        store.subscribe([this](std::vector<ObjectKey> const& keys) {
            Names names;
            for (ObjectKey const& key : keys) {
                names.push_back(key.name);
            }
            std::ranges::sort(names);
            changed.push_back(names);
        });
    }
    Names last() { return changed.empty() ? Names{"(never)"} : changed.back(); }

    Store<std::string> store{[](Json const& json) -> std::optional<std::string> {
        std::string value = string_at(json, "value");
        return value == "bad" ? std::nullopt : std::optional(value);
    }};
    std::vector<Names> changed;
};

TEST_F(StoreTest, ReplaceTellsWhatCameWentOrChanged) {
    store.replace({object("a", "1", "x"), object("b", "1", "x"), object("c", "1", "x")});
    EXPECT_EQ(last(), (Names{"a", "b", "c"}));
    store.replace({object("a", "1", "x"), object("b", "2", "y"), object("d", "1", "x")});
    EXPECT_EQ(last(), (Names{"b", "c", "d"}));
    EXPECT_EQ(*store.get({"", "b"}), "y");
    EXPECT_EQ(store.get({"", "c"}), nullptr);
    store.replace({object("a", "1", "x"), object("b", "2", "y"), object("d", "1", "x")});
    EXPECT_EQ(last(), Names{});
    EXPECT_EQ(changed.size(), 3U);
}

TEST_F(StoreTest, UpsertsAndErasesTellTheirKey) {
    store.upsert(object("a", "1", "x"));
    EXPECT_EQ(last(), Names{"a"});
    store.upsert(object("a", "1", "x"));
    store.erase(object("z", "9", ""));
    EXPECT_EQ(changed.size(), 1U);
    store.erase(object("a", "2", ""));
    EXPECT_EQ(last(), Names{"a"});
    EXPECT_EQ(store.size(), 0U);
    EXPECT_EQ(store.generation(), 2U);
}

TEST_F(StoreTest, WhatDoesNotDecodeIsOut) {
    store.upsert(object("a", "1", "x"));
    store.upsert(object("a", "2", "bad"));
    EXPECT_EQ(store.get({"", "a"}), nullptr);
    EXPECT_EQ(last(), Names{"a"});
    store.replace({object("a", "3", "bad"), object("b", "1", "x")});
    EXPECT_EQ(store.size(), 1U);
}

TEST_F(StoreTest, AValueOutlivesItsReplacement) {
    store.upsert(object("a", "1", "x"));
    auto const held = store.get({"", "a"});
    store.upsert(object("a", "2", "y"));
    EXPECT_EQ(*held, "x");
    EXPECT_EQ(store.snapshot().size(), 1U);
}

TEST(Informer, FollowsTheServer) {
    test::FakeClock clock;
    test::FakeRandom random;
    test::FakeApiServer api(clock);
    api.put(types::namespaces, {{"metadata", {{"name", "a"}}}});
    WatcherOptions options;
    options.type = types::namespaces;
    options.proof_interval = std::chrono::seconds(0);
    Informer<ObjectMeta> informer(
        api, options, [](Json const& json) { return std::optional(meta_of(json)); }, clock, random);
    informer.start();
    ASSERT_TRUE(informer.wait_synced({}));
    ASSERT_NE(informer.store().get({"", "a"}), nullptr);
    api.put(types::namespaces, {{"metadata", {{"name", "b"}}}});
    ASSERT_TRUE(test::eventually([&] { return informer.store().get({"", "b"}) != nullptr; }));
    EXPECT_EQ(informer.store().get({"", "b"})->labels.at("kubernetes.io/metadata.name"), "b");
}

}  // namespace
}  // namespace rt::kube
