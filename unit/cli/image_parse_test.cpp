#include "cli/image_parse.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/json_line.hpp"
#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "unit/cli/capture.hpp"

namespace rt::cli {
namespace {

using testing::Stream;

std::string from_input(std::string const& text) {
    Stream in(text);
    Stream out;
    EXPECT_TRUE(parse_images_from(in.get(), out.get()));
    return out.text();
}

TEST(ImageParse, PrintsTheFieldsInTheirOrder) {
    std::string out;
    append_image(out, "nginx");
    append_image(out, "nginx:1@sha256:" + std::string(64, 'a'));
    std::string const digest = "sha256:" + std::string(64, 'a');
    EXPECT_EQ(
        out, R"({"image":"nginx","valid":true,"registry":"docker.io","repository":"library/nginx",)"
             R"("canonical":"docker.io/library/nginx:latest"})"
             "\n"
             R"({"image":"nginx:1@)" +
                 digest +
                 R"(","valid":true,"registry":"docker.io","repository":"library/nginx","tag":"1",)"
                 R"("digest":")" +
                 digest + R"(","canonical":"docker.io/library/nginx@)" + digest + "\"}\n");
}

TEST(ImageParse, AnInvalidReferenceHasTheErrorAndNothingElse) {
    std::string out;
    append_image(out, "Nginx");
    auto const line = parse_json(out);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->size(), 3U);
    EXPECT_EQ((*line)["image"], "Nginx");
    EXPECT_EQ((*line)["valid"], false);
    EXPECT_NE((*line)["error"].get<std::string>().find("lower case"), std::string::npos);
}

TEST(ImageParse, EveryInputLineGivesOneLineInTheSameOrder) {
    struct Case {
        std::string line;
        std::string image;  ///< what is echoed
        bool valid;
    };
    std::vector<Case> const cases{
        {R"("nginx")", "nginx", true},
        {R"(  "nginx:1"  )", "nginx:1", true},
        {"\"nginx\"\r", "nginx", true},
        {R"("\u006eginx")", "nginx", true},
        {R"("a\/b")", "a/b", true},
        {R"("a\u0000b")", std::string("a\0b", 3), false},
        {R"("\u00e9")", "\xc3\xa9", false},
        {"\"\xc3\xa9\"", "\xc3\xa9", false},
        {R"("\ud83d\udc33")", "\xf0\x9f\x90\xb3", false},
        {R"("\ud83d")", R"("\ud83d")", false},
        {R"("")", "", false},
        {"", "", false},
        {"nginx", "nginx", false},
        {"42", "42", false},
        {"null", "null", false},
        {R"(["nginx"])", R"(["nginx"])", false},
        {R"({"image":"nginx"})", R"({"image":"nginx"})", false},
        {R"("nginx" "x")", R"("nginx" "x")", false},
        {R"("nginx)", R"("nginx)", false},
        {"\"a\tb\"", "\"a\tb\"", false},
        {R"("a"b")", R"("a"b")", false},
        {"\"x\xff\"", "\"x\xef\xbf\xbd\"", false},
    };
    std::string input;
    for (auto const& one : cases) {
        input += one.line + '\n';
    }
    std::string const output = from_input(input);
    auto lines = split(output, '\n');
    ASSERT_EQ(lines.size(), cases.size() + 1);
    EXPECT_EQ(lines.back(), "");
    for (std::size_t i = 0; i < cases.size(); ++i) {
        auto const line = parse_json(lines[i]);
        ASSERT_TRUE(line) << lines[i];
        EXPECT_EQ((*line)["image"].get<std::string>(), cases[i].image) << lines[i];
        EXPECT_EQ((*line)["valid"].get<bool>(), cases[i].valid) << lines[i];
        EXPECT_EQ(line->contains("error"), !cases[i].valid);
        EXPECT_EQ(line->contains("canonical"), cases[i].valid);
    }
}

TEST(ImageParse, TheLastLineNeedsNoLineBreak) {
    EXPECT_EQ(from_input("\"a\"\n\"b\""), from_input("\"a\"\n\"b\"\n"));
    EXPECT_EQ(from_input(""), "");
    EXPECT_NE(from_input("\n"), "");
}

TEST(ImageParse, ALineWithoutEndIsBoundedAndTheNextOneIsReadAllTheSame) {
    std::string const output =
        from_input('"' + std::string(3U * 1024 * 1024, 'a') + "\"\n\"nginx\"\n");
    auto const lines = split(output, '\n');
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_NE(lines[0].find("longer than 1 MiB"), std::string::npos);
    EXPECT_LT(lines[0].size(), 1100U * 1024);
    EXPECT_NE(lines[1].find("docker.io/library/nginx:latest"), std::string::npos);
}

TEST(ImageParse, ManyLinesKeepTheirOrderAcrossBuffers) {
    std::string input;
    for (int i = 0; i < 20'000; ++i) {
        input += "\"host.example.com/team/app:" + std::to_string(i) + "\"\n";
    }
    std::string const output = from_input(input);
    auto const lines = split(output, '\n');
    ASSERT_EQ(lines.size(), 20'001U);
    for (std::size_t i = 0; i < 20'000; ++i) {
        ASSERT_NE(lines[i].find("app:" + std::to_string(i) + '"'), std::string::npos) << lines[i];
    }
}

TEST(ImageParse, OutputThatCannotBeWrittenIsAnError) {
    std::FILE* const full = std::fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    EXPECT_FALSE(parse_images(std::vector<std::string>{"nginx"}, full));
    std::fclose(full);
}

TEST(JsonString, RoundTripsAnyText) {
    for (std::string const& text :
         {std::string(""), std::string("plain"), std::string("\"\\\n\t\x01\x7f"),
          std::string("a\0b", 3), std::string("\xe2\x80\x8b\xf0\x9f\x90\xb3")}) {
        std::string out;
        append_json_string(out, text);
        EXPECT_EQ(decode_json_string(out), text);
    }
}

}  // namespace
}  // namespace rt::cli
