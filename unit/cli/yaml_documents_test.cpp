#include "cli/yaml_documents.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rt::cli {
namespace {

Json one(std::string const& text) {
    auto const documents = read_yaml(text);
    EXPECT_TRUE(documents) << text;
    return documents && documents->size() == 1 ? *documents->front().value : Json("none");
}

TEST(ReadYaml, GivesTheTypesThatKubectlSees) {
    struct Case {
        std::string text;
        Json value;
    };
    for (auto const& [text, value] : std::vector<Case>{
             {"a", "a"},
             {"1.5", 1.5},
             {"17", 17},
             {"'17'", "17"},
             {"\"true\"", "true"},
             {"true", true},
             {"on", true},
             {"No", false},
             {"[~, null]", Json::array({nullptr, nullptr})},
             {"1.2.3", "1.2.3"},
             {"nginx:1.25", "nginx:1.25"},
             {"|\n  12\n", "12\n"},
             {"{a: {b: [1, x]}}", {{"a", {{"b", {1, "x"}}}}}},
             {R"({"image":"a\u0041"})", {{"image", "aA"}}},
         }) {
        EXPECT_EQ(one(text), value) << text;
    }
}

TEST(ReadYaml, AliasesAndMergesCarryTheirImages) {
    Json const value =
        one("base: &b {image: evil, name: x}\n"
            "copy: *b\n"
            "merged: {<<: *b, name: y}\n"
            "list: {<<: [{image: first}, *b]}\n");
    EXPECT_EQ(value["copy"]["image"], "evil");
    EXPECT_EQ(value["merged"], (Json{{"image", "evil"}, {"name", "y"}}));
    EXPECT_EQ(value["list"], (Json{{"image", "first"}, {"name", "x"}}));
}

TEST(ReadYaml, RemembersWhereImagesStand) {
    auto const documents = read_yaml("a: 1\n---\n\nspec:\n  containers:\n  - image: x\n");
    ASSERT_EQ(documents->size(), 2U);
    EXPECT_EQ((*documents)[0].line, 1);
    EXPECT_EQ((*documents)[1].line, 4);
    EXPECT_EQ((*documents)[1].lines.at("/spec/containers/0/image"), 6);
}

TEST(ReadYaml, RefusesWhatTwoReadersCouldReadDifferently) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        std::string const before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 0; j < 9; ++j) {
            bomb += ", " + before;
        }
        bomb += "]\n";
    }
    struct Case {
        std::string text;
        std::string message;
    };
    for (auto const& [text, message] : std::vector<Case>{
             {"a: 1\na: 2\n", "line 2: has a key twice"},
             {"{a: 1, 'a': 2}", "a key twice"},
             {"a: 1\nb: [\n", "is no valid YAML"},
             {"? [x]\n: 1\n", "a key that is no text"},
             {"<<: 3\n", "merges"},
             {std::string(100, '[') + std::string(100, ']'), "over 64 levels"},
             {bomb, "aliases unfold"},
         }) {
        auto const documents = read_yaml(text);
        ASSERT_FALSE(documents) << text.substr(0, 80);
        EXPECT_NE(documents.error().message.find(message), std::string::npos)
            << documents.error().message;
    }
}

TEST(WriteYaml, IsReadBackAsTheSameValue) {
    Json const value = {{"apiVersion", "v1"},
                        {"empty", Json::object()},
                        {"list",
                         {1, 2.5, true, nullptr, "true", "12", "", "a: b", "# c", "yes",
                          "2026-01-02T03:04:05Z", "- x", "line\nbreak", "*", "y", "~"}},
                        {"nested", {{"deep", {{"er", "x/y:z@sha256:0"}}}}}};
    EXPECT_EQ(one(write_yaml(value)), value) << write_yaml(value);
}

// yaml-cpp alone would read this for ever.
TEST(YamlDocuments, ThatNeverEndAreRefused) {
    auto const documents = read_yaml("a: 1\n---\n, b\n");
    ASSERT_FALSE(documents);
    EXPECT_TRUE(documents.error().message.starts_with("line 3: ")) << documents.error().message;
}

}  // namespace
}  // namespace rt::cli
