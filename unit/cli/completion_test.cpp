#include "cli/completion.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

TEST(Completion, OffersCommandsFlagsAndValues) {
    testing::Bench bench;
    struct Case {
        std::vector<std::string> words;
        std::string out;
    };
    for (auto const& [words, out] : std::vector<Case>{
             {{"ch"}, "check\n:4\n"},
             {{"image", ""}, "parse\n:4\n"},
             {{"check", "--ten"}, "--tenancy\n:4\n"},
             {{"check", "-o", "j"}, "json\njunit\n:4\n"},
             {{"check", "-f", ""}, ":0\n"},
             {{"completion", ""}, "bash\nzsh\nfish\n:4\n"},
             {{"nonsense"}, ":4\n"},
         }) {
        std::vector<std::string> arguments{"__complete"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        EXPECT_EQ(bench.run(arguments).out, out);
    }
    auto const all = bench.run({"__complete", ""}).out;
    for (std::string const command :
         {"check", "explain", "who-can", "grants", "diff", "break-glass", "grandfather", "doctor",
          "completion", "image"}) {
        EXPECT_NE(all.find(command + '\n'), std::string::npos) << command;
    }
}

TEST(Completion, HasAScriptForThreeShells) {
    testing::Bench bench;
    for (std::string const shell : {"bash", "zsh", "fish"}) {
        auto const ran = bench.run({"completion", shell});
        EXPECT_EQ(ran.code, ExitOk);
        EXPECT_NE(ran.out.find("kubectl-tenancy __complete"), std::string::npos);
        EXPECT_NE(ran.out.find("kubectl_complete-tenancy"), std::string::npos);
    }
    EXPECT_TRUE(bench.run({"completion", "zsh"}).out.starts_with("#compdef"));
    EXPECT_EQ(bench.run({"completion", "tcsh"}).code, ExitUsage);
}

}  // namespace
}  // namespace rt::cli
