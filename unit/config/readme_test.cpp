// The map in README.md is the tree, and the documents name only what exists.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "unit/config/manifests.hpp"

namespace config_test {
namespace {

namespace fs = std::filesystem;

// "| `webhook/` | answers ... |" gives webhook and the sentence.
std::map<std::string, std::string> folders_in_readme() {
    static std::regex const row(R"(\| `([a-z0-9_/.]+)/` \| ([^|\n]+) \|)");
    std::map<std::string, std::string> result;
    auto const text = text_of("README.md");
    for (std::sregex_iterator match(text.begin(), text.end(), row), end; match != end; ++match) {
        result[(*match)[1]] = (*match)[2];
    }
    return result;
}

TEST(Readme, DescribesEveryFolderOfTheTopLevel) {
    std::set<std::string> const not_ours{".git", "build", ".cache", ".vscode", ".idea"};
    auto const described = folders_in_readme();
    for (auto const& entry : fs::directory_iterator(RT_SOURCE_DIR)) {
        auto const name = entry.path().filename().string();
        if (!entry.is_directory() || not_ours.contains(name)) {
            continue;
        }
        EXPECT_TRUE(described.contains(name)) << name << "/ is not in the map of README.md";
    }
}

TEST(Readme, DescribesOnlyWhatExistsInOneSentenceEach) {
    auto const described = folders_in_readme();
    EXPECT_GE(described.size(), 8U);
    for (auto const& [folder, sentence] : described) {
        EXPECT_TRUE(fs::is_directory(absolute(folder))) << folder;
        EXPECT_TRUE(sentence.ends_with(".")) << folder << ": " << sentence;
    }
}

/// Every document that people read: those at the top, and everything in docs/.
std::vector<std::string> documents() {
    std::vector<std::string> result{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
                                    "SECURITY.md", "CHANGELOG.md"};
    for (auto const& entry : fs::recursive_directory_iterator(absolute("docs"))) {
        if (entry.path().extension() == ".md") {
            result.push_back(fs::relative(entry.path(), RT_SOURCE_DIR).string());
        }
    }
    std::sort(result.begin(), result.end());
    return result;
}

class Documents : public testing::TestWithParam<std::string> {};

TEST_P(Documents, LinkOnlyToFilesThatExist) {
    static std::regex const link(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
    auto const text = text_of(GetParam());
    auto const folder = fs::path(GetParam()).parent_path();
    for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
        auto const target = (*match)[1].str();
        if (target.find("://") != std::string::npos) {
            continue;
        }
        EXPECT_TRUE(fs::exists(absolute((folder / target).string())))
            << GetParam() << " links to " << target;
    }
}

// Examples are what was really printed; a placeholder means that somebody forgot to run it.
TEST_P(Documents, HoldNoPlaceholders) {
    EXPECT_EQ(text_of(GetParam()).find("@@"), std::string::npos) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(All, Documents, testing::ValuesIn(documents()), [](auto const& test) {
    std::string name = test.param.substr(0, test.param.size() - 3);
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
});

// A message ends in the address of the page about its code, so there must be one.
TEST(CodePages, ThereIsOneForEveryCode) {
    static std::regex const code(R"re("(RT-[A-Z][A-Za-z]+)")re");
    auto const messages = text_of("lib/tenancy/messages.cpp");
    std::set<std::string> codes;
    for (std::sregex_iterator match(messages.begin(), messages.end(), code), end; match != end;
         ++match) {
        codes.insert((*match)[1]);
    }
    EXPECT_GE(codes.size(), 7U);
    for (auto const& one : codes) {
        EXPECT_TRUE(fs::exists(absolute("docs/codes/" + one + ".md")))
            << one << ": messages end in the address of its page: write docs/codes/" << one
            << ".md";
    }
}

TEST(CodePages, NameCauseAndFixAndShowARealMessage) {
    for (auto const& entry : fs::directory_iterator(absolute("docs/codes"))) {
        auto const page = entry.path().stem().string();
        auto const text = text_of("docs/codes/" + page + ".md");
        EXPECT_TRUE(text.starts_with("# " + page + "\n")) << page;
        for (std::string const part : {"\n## Cause\n", "\n## Fix\n"}) {
            EXPECT_NE(text.find(part), std::string::npos) << page << part;
        }
        auto const example = text.find("\n```\n");
        ASSERT_NE(example, std::string::npos) << page;
        auto const end = text.find("\n```\n", example + 4);
        EXPECT_NE(text.substr(example, end - example).find(page), std::string::npos)
            << page << ": the first example is not of this code";
    }
}

}  // namespace
}  // namespace config_test
