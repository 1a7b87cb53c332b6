#include "lib/kube/runtime/initial_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rt::kube {
namespace {

Json object(std::string const& name, int version) {
    return {{"metadata",
             {{"name", name}, {"namespace", "n"}, {"resourceVersion", std::to_string(version)}}}};
}

/// "name@version" of all, sorted.
std::vector<std::string> taken(InitialList& list) {
    std::vector<std::string> result;
    for (Json const& one : list.take()) {
        Json const& metadata = one.at("metadata");
        result.push_back(metadata.at("name").get<std::string>() + "@" +
                         metadata.at("resourceVersion").get<std::string>());
    }
    std::ranges::sort(result);
    return result;
}

using Names = std::vector<std::string>;

TEST(InitialList, KeepsTheLatestOfEachKey) {
    InitialList list;
    list.upsert(object("a", 1));
    list.upsert(object("b", 2));
    list.upsert(object("a", 3));
    EXPECT_EQ(taken(list), (Names{"a@3", "b@2"}));
    EXPECT_EQ(taken(list), Names{}) << "take() leaves nothing";
}

TEST(InitialList, WhateverIsErasedTheOthersStayReachable) {
    for (std::string const erased : {"a", "b", "c"}) {
        InitialList list;
        int version = 0;
        for (std::string const name : {"a", "b", "c"}) {
            list.upsert(object(name, ++version));
        }
        list.erase({"n", erased});
        list.erase({"n", erased});
        list.erase({"other", "a"});
        Names expected;
        for (std::string const name : {"a", "b", "c"}) {
            if (name != erased) {
                list.upsert(object(name, 9));
                expected.push_back(name + "@9");
            }
        }
        EXPECT_EQ(taken(list), expected) << "without " << erased;
    }
}

TEST(InitialList, AnErasedObjectMayComeBack) {
    InitialList list;
    list.upsert(object("a", 1));
    list.erase({"n", "a"});
    list.upsert(object("a", 2));
    EXPECT_EQ(taken(list), (Names{"a@2"}));
    list.upsert(object("a", 3));
    list.clear();
    EXPECT_EQ(taken(list), Names{});
}

}  // namespace
}  // namespace rt::kube
