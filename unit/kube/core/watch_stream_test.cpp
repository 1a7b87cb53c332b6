#include "lib/kube/core/watch_stream.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "lib/kube/core/status.hpp"

namespace rt::kube {
namespace {

using Lines = std::vector<std::string>;

TEST(LineSplitter, FindsTheSameLinesHoweverTheChunksAreCut) {
    std::string const text = "one\n\ntwo\nthree and more\n";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        LineSplitter splitter;
        Lines lines;
        for (std::size_t at = 0; at < text.size(); at += size) {
            auto const fed =
                splitter.feed(std::string_view(text).substr(at, size), [&](std::string_view line) {
                    lines.emplace_back(line);
                    return true;
                });
            ASSERT_TRUE(fed && *fed);
        }
        EXPECT_EQ(lines, (Lines{"one", "two", "three and more"})) << size;
        EXPECT_EQ(splitter.pending(), 0U);
    }
}

TEST(LineSplitter, KeepsAnUnfinishedLine) {
    LineSplitter splitter;
    auto const never = [](std::string_view) -> bool { throw std::logic_error("no line yet"); };
    ASSERT_TRUE(splitter.feed("half", never));
    EXPECT_EQ(splitter.pending(), 4U);
}

TEST(LineSplitter, RefusesALineOverTheLimit) {
    LineSplitter splitter(8);
    auto const yes = [](std::string_view) { return true; };
    EXPECT_TRUE(splitter.feed("12345678\n", yes));
    ASSERT_TRUE(splitter.feed("1234", yes));
    auto const refused = splitter.feed("56789\n", yes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Corrupt);
    EXPECT_EQ(refused.error().code, codes::event_too_large);
}

TEST(LineSplitter, StopsWhenTold) {
    LineSplitter splitter;
    int lines = 0;
    auto const fed = splitter.feed("a\nb\nc\n", [&](std::string_view) { return ++lines < 2; });
    ASSERT_TRUE(fed);
    EXPECT_FALSE(*fed);
    EXPECT_EQ(lines, 2);
}

TEST(WatchLine, EveryEventType) {
    struct Case {
        char const* name;
        WatchEventType type;
    };
    for (Case const& one : {Case{"ADDED", WatchEventType::Added},
                            {"MODIFIED", WatchEventType::Modified},
                            {"DELETED", WatchEventType::Deleted},
                            {"BOOKMARK", WatchEventType::Bookmark}}) {
        Json object;
        auto const type = parse_watch_line(
            Json{{"type", one.name}, {"object", {{"metadata", {{"name", "x"}}}}}}.dump(), object);
        ASSERT_TRUE(type) << one.name;
        EXPECT_EQ(*type, one.type);
        EXPECT_EQ(object["metadata"]["name"], "x");
    }
}

TEST(WatchLine, AnErrorEventIsTheErrorThatItsStatusSays) {
    Json object;
    auto const gone = parse_watch_line(
        R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired",
            "message":"too old resource version: 1"}})",
        object);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().kind, ErrorKind::Expired);
    EXPECT_EQ(gone.error().http_status, 410);
}

TEST(WatchLine, GarbageIsCorrupt) {
    for (char const* const line :
         {"x", "[]", "null", "{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":3})",
          R"({"type":"RENAMED","object":{}})", R"({"object":{}})"}) {
        Json object;
        auto const type = parse_watch_line(line, object);
        ASSERT_FALSE(type) << line;
        EXPECT_EQ(type.error().kind, ErrorKind::Corrupt) << line;
    }
}

TEST(WatchLine, KnowsTheEndOfTheInitialEvents) {
    EXPECT_TRUE(ends_initial_events(
        Json::parse(R"({"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}})")));
    for (char const* const other :
         {"{}", R"({"metadata":{}})", R"({"metadata":{"annotations":{}}})",
          R"({"metadata":{"annotations":{"k8s.io/initial-events-end":"false"}}})"}) {
        EXPECT_FALSE(ends_initial_events(Json::parse(other))) << other;
    }
}

}  // namespace
}  // namespace rt::kube
