#include "cli/command_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/cli/capture.hpp"

namespace rt::cli {
namespace {

using testing::Stream;

struct Ran {
    int code = 0;
    std::string out;
    std::string err;
};

Ran run_with(std::vector<std::string> const& arguments, std::string const& input = "") {
    Stream in(input);
    Stream out;
    Stream err;
    int const code = run(arguments, in.get(), out.get(), err.get());
    return {code, out.text(), err.text()};
}

TEST(CommandLine, ParsesImagesFromItsArguments) {
    auto const ran = run_with({"image", "parse", "nginx", "Bad", "localhost/x"});
    EXPECT_EQ(ran.code, ExitOk);  // also with an invalid one among them
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 3);
}

TEST(CommandLine, ParsesImagesFromStandardInput) {
    auto const ran = run_with({"image", "parse", "-"}, "\"nginx\"\n");
    EXPECT_EQ(ran.code, ExitOk);
    EXPECT_NE(ran.out.find("docker.io/library/nginx:latest"), std::string::npos);
    EXPECT_EQ(run_with({"image", "parse", "-"}).out, "");
}

TEST(CommandLine, WhatStandsAfterTwoDashesIsTakenLiterally) {
    auto const ran = run_with({"image", "parse", "a", "--", "--version", "-", "--"});
    EXPECT_EQ(ran.code, ExitOk) << ran.err;
    EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 4);
    EXPECT_NE(ran.out.find(R"({"image":"-","valid":false)"), std::string::npos);
}

TEST(CommandLine, HelpAndVersionGoToStandardOutput) {
    EXPECT_EQ(run_with({"--version"}).out, "kubectl-tenancy " RT_VERSION "\n");
    for (std::vector<std::string> const& arguments : {std::vector<std::string>{"--help"},
                                                      {"-h"},
                                                      {"image", "--help"},
                                                      {"image", "parse", "--help"}}) {
        auto const ran = run_with(arguments);
        EXPECT_EQ(ran.code, ExitOk);
        EXPECT_NE(ran.out.find("Usage:"), std::string::npos);
        EXPECT_EQ(ran.err, "");
    }
    EXPECT_NE(run_with({"image", "parse", "--help"}).out.find("kubectl tenancy image parse"),
              std::string::npos);
}

TEST(CommandLine, WrongUseSaysWhatIsWrongAndWhatWasMeant) {
    struct Case {
        std::vector<std::string> arguments;
        std::string message;
    };
    for (auto const& [arguments, message] : std::vector<Case>{
             {{}, "a command is missing"},
             {{"imgae"}, "unknown command \"imgae\": did you mean image?"},
             {{"image"}, "a command is missing: known here are parse"},
             {{"image", "prase"}, "unknown command \"prase\": did you mean parse?"},
             {{"--versoin"}, "unknown flag \"--versoin\": did you mean --version?"},
             {{"image", "parse", "--hepl", "x"}, "unknown flag \"--hepl\": did you mean --help?"},
             {{"image", "parse", "-x"}, "stands after --"},
             {{"image", "parse"}, "no image reference"},
             {{"image", "parse", "-", "nginx"}, "- stands alone"},
             {{"image", "parse", "-", "--", "nginx"}, "- stands alone"},
             {{"\x1b[31m"}, "unknown command \"\\x1B[31m\""},
         }) {
        auto const ran = run_with(arguments);
        EXPECT_EQ(ran.code, ExitUsage);
        EXPECT_EQ(ran.out, "");
        EXPECT_NE(ran.err.find(message), std::string::npos) << ran.err;
        EXPECT_NE(ran.err.find("try: kubectl tenancy"), std::string::npos) << ran.err;
    }
}

TEST(CommandLine, OutputThatCannotBeWrittenEndsWithOne) {
    Stream in;
    Stream err;
    std::FILE* const full = std::fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    std::vector<std::string> const arguments{"image", "parse", "nginx"};
    EXPECT_EQ(run(arguments, in.get(), full, err.get()), ExitFailed);
    std::fclose(full);
    EXPECT_NE(err.text().find("cannot write"), std::string::npos);
}

}  // namespace
}  // namespace rt::cli
