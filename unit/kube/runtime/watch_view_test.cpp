#include "lib/kube/runtime/watch_view.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rt::kube {
namespace {

Json object(std::string const& name, std::string const& version, std::string const& uid = "u") {
    return {{"metadata", {{"name", name}, {"uid", uid}, {"resourceVersion", version}}}};
}

WatchView::Listing listing(std::vector<Json> const& items) {
    WatchView::Listing out;
    for (Json const& item : items) {
        out.emplace(key_of(item), WatchView::version_of(item));
    }
    return out;
}

class WatchViewTest : public ::testing::Test {
  public:
    WatchViewTest() {
        view.replace({object("a", "5"), object("b", "6")}, "10");
        view.begin_proof();
    }
    std::string wrong(std::vector<Json> const& listed, std::string const& at) {
        return view.disagreement(listing(listed), at).value_or("");
    }
    WatchView view;
};

TEST_F(WatchViewTest, TheSameIsRight) {
    EXPECT_EQ(wrong({object("a", "5"), object("b", "6")}, "12"), "");
}

TEST_F(WatchViewTest, WhatTheWatchMissedIsWrong) {
    EXPECT_EQ(wrong({object("a", "11"), object("b", "6")}, "12"), "the watch missed a change of a");
    EXPECT_EQ(wrong({object("b", "6")}, "12"), "the watch missed the deletion of a");
    EXPECT_EQ(wrong({object("a", "5"), object("b", "6"), object("c", "11")}, "12"),
              "the watch missed the creation of c");
}

TEST_F(WatchViewTest, ARestoredBackupIsWrong) {
    // Versions went back: the same object in another life.
    EXPECT_EQ(wrong({object("a", "5", "other"), object("b", "6")}, "12"),
              "the watch missed a change of a");
    EXPECT_EQ(wrong({object("a", "5")}, "7"), "the watch missed the deletion of b");
}

TEST_F(WatchViewTest, WhatChangedSinceTheListIsRight) {
    view.upsert(object("a", "13"));
    view.upsert(object("c", "14", "u3"));
    view.erase(object("b", "15"));
    EXPECT_EQ(wrong({object("a", "5"), object("b", "6")}, "12"), "");
    EXPECT_EQ(view.resource_version(), "15");
}

TEST_F(WatchViewTest, AChangeFromBeforeTheListDoesNotExcuse) {
    view.upsert(object("a", "11"));
    EXPECT_EQ(wrong({object("a", "12"), object("b", "6")}, "12"), "the watch missed a change of a");
    view.erase(object("b", "7"));
    EXPECT_EQ(wrong({object("a", "11"), object("b", "8", "u2")}, "12"),
              "the watch missed the creation of b");
}

TEST_F(WatchViewTest, LaggingEventsHealIt) {
    std::vector<Json> const listed{object("a", "11"), object("c", "12")};
    EXPECT_NE(wrong(listed, "12"), "");
    view.upsert(object("a", "11"));
    view.upsert(object("c", "12"));
    view.erase(object("b", "12"));
    EXPECT_EQ(wrong(listed, "12"), "");
}

TEST_F(WatchViewTest, WithoutAnOrderAChangeExcuses) {
    view.replace({object("a", "x1"), object("b", "x2")}, "x9");
    view.begin_proof();
    EXPECT_NE(wrong({object("a", "x3"), object("b", "x2")}, "x9"), "");
    view.upsert(object("a", "x4"));
    EXPECT_EQ(wrong({object("a", "x3"), object("b", "x2")}, "x9"), "");
}

TEST_F(WatchViewTest, BookmarksMoveTheVersionOnly) {
    view.advance("20");
    EXPECT_EQ(view.resource_version(), "20");
    EXPECT_EQ(view.size(), 2U);
}

}  // namespace
}  // namespace rt::kube
