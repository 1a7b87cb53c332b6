// The map in README.md is the tree, and the documents name only what exists.

#include <filesystem>
#include <regex>
#include <set>
#include <string>

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

class Documents : public testing::TestWithParam<std::string> {};

TEST_P(Documents, LinkOnlyToFilesThatExist) {
    static std::regex const link(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
    auto const text = text_of(GetParam());
    for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
        auto const target = (*match)[1].str();
        if (target.find("://") != std::string::npos) {
            continue;
        }
        EXPECT_TRUE(fs::exists(absolute(target))) << GetParam() << " links to " << target;
    }
}

INSTANTIATE_TEST_SUITE_P(All, Documents,
                         testing::Values("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
                                         "SECURITY.md", "CHANGELOG.md"),
                         [](auto const& test) {
                             return test.param.substr(0, test.param.find('.'));
                         });

}  // namespace
}  // namespace config_test
