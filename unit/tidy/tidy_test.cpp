// House rules that no compiler checks (CONTRIBUTING.md), held over every file that git knows or
// would know. A failure names the file, the line and the rule.

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

struct SourceFile {
    std::string path;  // from the repository root
    std::vector<std::string> lines;

    [[nodiscard]] bool has_extension(std::string_view extension) const {
        return path.ends_with(extension);
    }
    [[nodiscard]] bool is_header() const { return has_extension(".hpp"); }
    [[nodiscard]] bool is_source() const { return has_extension(".cpp"); }
    [[nodiscard]] bool is_cpp() const { return is_header() || is_source(); }
};

std::vector<std::string> listed_by_git() {
    std::string const command =
        "git -C '" RT_SOURCE_DIR "' ls-files --cached --others --exclude-standard --deduplicate";
    std::vector<std::string> paths;
    FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
        return paths;
    }
    std::string current;
    for (int character = std::fgetc(pipe); character != EOF; character = std::fgetc(pipe)) {
        if (character != '\n') {
            current.push_back(static_cast<char>(character));
        } else {
            paths.push_back(std::exchange(current, {}));
        }
    }
    pclose(pipe);
    return paths;
}

bool is_text(std::string const& content) {
    return content.find('\0') == std::string::npos;
}

std::vector<SourceFile> const& all_files() {
    static std::vector<SourceFile> const files = [] {
        std::vector<SourceFile> result;
        for (auto const& path : listed_by_git()) {
            std::ifstream stream(fs::path(RT_SOURCE_DIR) / path, std::ios::binary);
            if (!stream) {
                continue;
            }  // deleted, not yet committed
            std::string const content{std::istreambuf_iterator<char>(stream), {}};
            if (!is_text(content)) {
                continue;
            }
            SourceFile file{path, {}};
            std::size_t start = 0;
            while (start < content.size()) {
                auto const end = std::min(content.find('\n', start), content.size());
                file.lines.push_back(content.substr(start, end - start));
                start = end + 1;
            }
            result.push_back(std::move(file));
        }
        return result;
    }();
    return files;
}

std::vector<SourceFile> cpp_files() {
    std::vector<SourceFile> result;
    std::ranges::copy_if(all_files(), std::back_inserter(result), &SourceFile::is_cpp);
    return result;
}

std::string place(SourceFile const& file, std::size_t index) {
    return file.path + ":" + std::to_string(index + 1);
}

std::size_t code_points(std::string_view line) {
    return static_cast<std::size_t>(std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

struct Include {
    std::string target;
    bool quoted;
    std::size_t index;
};

std::vector<Include> includes_of(SourceFile const& file) {
    static std::regex const pattern(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
    std::vector<Include> result;
    for (std::size_t index = 0; index < file.lines.size(); ++index) {
        std::smatch match;
        if (std::regex_search(file.lines[index], match, pattern)) {
            result.push_back({match[2], match[1] == "\"", index});
        }
    }
    return result;
}

// Folders between which the include rules speak, and what each may include besides itself.
std::map<std::string, std::set<std::string>> const& allowed_includes() {
    static std::set<std::string> const programs_may{
        "lib/base",         "lib/http",     "lib/kube/core", "lib/kube/client",
        "lib/kube/runtime", "lib/registry", "lib/tenancy"};
    static auto const with_programs = [] {
        auto all = programs_may;
        all.insert({"webhook", "operator", "cli", "unit"});
        return all;
    }();
    static std::map<std::string, std::set<std::string>> const rules{
        {"lib/base", {}},
        {"lib/http", {"lib/base"}},
        {"lib/kube/core", {"lib/base"}},
        {"lib/tenancy", {"lib/base", "lib/kube/core"}},
        {"lib/registry", {"lib/base", "lib/http", "lib/kube/core", "lib/tenancy"}},
        {"lib/kube/client", {"lib/base", "lib/http", "lib/kube/core"}},
        {"lib/kube/runtime", {"lib/base", "lib/http", "lib/kube/core", "lib/kube/client"}},
        {"webhook", programs_may},
        {"operator", programs_may},
        {"cli", programs_may},
        {"hack", with_programs},
        {"unit", with_programs},
        {"e2e", {}},
    };
    return rules;
}

std::string module_of(std::string_view path) {
    std::string best;
    for (auto const& [module, allowed] : allowed_includes()) {
        if (path.starts_with(module + "/") && module.size() > best.size()) {
            best = module;
        }
    }
    return best;
}

TEST(Tidy, GitListsTheFilesOfTheRepository) {
    EXPECT_GT(cpp_files().size(), 10U) << "git ls-files in " RT_SOURCE_DIR " lists no sources";
}

TEST(Tidy, EveryFileBelongsToAFolderOfTheIncludeRules) {
    for (auto const& file : cpp_files()) {
        EXPECT_FALSE(module_of(file.path).empty())
            << file.path << ": no folder of the include rules; add it to allowed_includes()";
    }
}

TEST(Tidy, IncludesFollowTheFoldersDependencies) {
    for (auto const& file : cpp_files()) {
        auto const from = module_of(file.path);
        for (auto const& include : includes_of(file)) {
            auto const to = module_of(include.target);
            if (!include.quoted || to.empty() || to == from) {
                continue;
            }
            EXPECT_TRUE(allowed_includes().at(from).contains(to))
                << place(file, include.index) << ": " << from << " must not include " << to;
        }
    }
}

TEST(Tidy, QuotedIncludesNameAFileFromTheRepositoryRoot) {
    for (auto const& file : cpp_files()) {
        for (auto const& include : includes_of(file)) {
            if (!include.quoted) {
                continue;
            }
            EXPECT_TRUE(fs::exists(fs::path(RT_SOURCE_DIR) / include.target))
                << place(file, include.index) << ": \"" << include.target
                << "\" is no file from the repository root";
        }
    }
}

TEST(Tidy, OurOwnHeadersAreNotIncludedWithAngleBrackets) {
    for (auto const& file : cpp_files()) {
        for (auto const& include : includes_of(file)) {
            EXPECT_TRUE(include.quoted || module_of(include.target).empty())
                << place(file, include.index) << ": write \"" << include.target << "\"";
        }
    }
}

TEST(Tidy, ASourceIncludesItsOwnHeaderFirst) {
    for (auto const& file : cpp_files()) {
        auto const header = file.path.substr(0, file.path.size() - 4) + ".hpp";
        if (!file.is_source() || !fs::exists(fs::path(RT_SOURCE_DIR) / header)) {
            continue;
        }
        // Only a workaround for a library's header may stand before it, in angle brackets.
        auto const includes = includes_of(file);
        auto const first = std::ranges::find_if(includes, &Include::quoted);
        ASSERT_NE(first, includes.end()) << file.path;
        EXPECT_EQ(first->target, header) << file.path << ": own header first";
    }
}

TEST(Tidy, HeadersHavePragmaOnce) {
    for (auto const& file : cpp_files()) {
        if (!file.is_header()) {
            continue;
        }
        EXPECT_NE(std::ranges::find(file.lines, "#pragma once"), file.lines.end())
            << file.path << ": #pragma once is missing";
    }
}

/// What Beast's parser and Asio's coroutines are made of can't be declared only; these headers are
/// parts of server_session.cpp, apart for its length.
std::set<std::string> const parts_of_tls_server{"lib/http/request_parser.hpp",
                                                "lib/http/server_stream.hpp"};

TEST(Tidy, HeavyHeadersStandInSourcesOnly) {
    std::array<std::string_view, 7> const heavy{
        "boost/", "nlohmann/json.hpp", "simdjson.h", "yaml-cpp/", "CLI/", "spdlog/", "cpprest/"};
    // Tests and simulators are few files, which share these types in their interfaces. The parts of
    // the TLS server are seen by one source only: the next test.
    auto const excused = [](SourceFile const& file) {
        return file.path.starts_with("e2e/") || file.path.starts_with("unit/") ||
               parts_of_tls_server.contains(file.path);
    };
    for (auto const& file : cpp_files()) {
        if (!file.is_header() || excused(file)) {
            continue;
        }
        for (auto const& include : includes_of(file)) {
            auto const is_heavy = std::ranges::any_of(
                heavy, [&](auto prefix) { return include.target.starts_with(prefix); });
            EXPECT_FALSE(is_heavy) << place(file, include.index) << ": <" << include.target
                                   << "> belongs into a .cpp file (forward declare instead)";
        }
    }
}

TEST(Tidy, PrivateHeadersAreIncludedByTheirOwnersOnly) {
    std::map<std::string, std::set<std::string>> owners{
        {"lib/http/server_session.hpp",
         {"lib/http/server_session.cpp", "lib/http/server_worker.cpp"}},
        {"lib/kube/runtime/watcher_impl.hpp",
         {"lib/kube/runtime/watcher.cpp", "lib/kube/runtime/watcher_proof.cpp"}},
    };
    for (auto const& part : parts_of_tls_server) {
        owners[part] = {"lib/http/server_session.cpp"};
    }
    for (auto const& file : cpp_files()) {
        for (auto const& include : includes_of(file)) {
            auto const owner = owners.find(include.target);
            EXPECT_TRUE(owner == owners.end() || owner->second.contains(file.path))
                << place(file, include.index) << ": " << include.target << " is private";
        }
    }
}

TEST(Tidy, LinesHaveAtMost100Columns) {
    for (auto const& file : cpp_files()) {
        for (std::size_t index = 0; index < file.lines.size(); ++index) {
            auto const columns = code_points(file.lines[index]);
            auto const is_raw_string = file.lines[index].find("R\"") != std::string::npos;
            EXPECT_TRUE(columns <= 100 || is_raw_string)
                << place(file, index) << ": " << columns << " columns, at most 100";
        }
    }
}

TEST(Tidy, FilesHaveAtMost500Lines) {
    for (auto const& file : cpp_files()) {
        EXPECT_LE(file.lines.size(), 500U) << file.path << ": split it (about 300 lines is good)";
    }
}

TEST(Tidy, LinesHaveNoTabsAndNoBlanksAtTheEnd) {
    for (auto const& file : cpp_files()) {
        for (std::size_t index = 0; index < file.lines.size(); ++index) {
            auto const& line = file.lines[index];
            EXPECT_TRUE(line.empty() ||
                        (line.back() != ' ' && line.back() != '\t' && line.back() != '\r'))
                << place(file, index) << ": blanks or a carriage return at the end of the line";
            EXPECT_EQ(line.find('\t'), std::string::npos) << place(file, index) << ": tab";
        }
    }
}

struct BannedWord {
    std::regex pattern;
    std::string instead;
    std::string under;  // path prefix; empty: everywhere
    bool cpp_only = true;
    bool waits = false;
};

/// The two places, one for unit tests and one for end-to-end tests, that others wait through.
bool waits_for_others(SourceFile const& file) {
    return file.path == "unit/support/eventually.cpp" ||
           file.path == "e2e/suite/support/eventually.cpp" ||
           file.path.starts_with("e2e/suite/soak/");  // how long a fault lasts
}

TEST(Tidy, BannedWordsDoNotAppear) {
    // In pieces, so that this file does not contain what it bans.
    std::vector<BannedWord> const banned{
        {std::regex("std::c(out|err)\\b"), "log through lib/base/log.hpp", "lib/"},
        {std::regex("std::c(out|err)\\b"), "log through lib/base/log.hpp", "webhook/"},
        {std::regex("std::c(out|err)\\b"), "log through lib/base/log.hpp", "operator/"},
        {std::regex(std::string("\\b(TO") + "DO|FIX" + "ME|XX" + "X)\\b"),
         "do it, or open an issue", "", false},
        {std::regex("\\busing namespace std;"), "write std::", ""},
        {std::regex("\\bstd::endl\\b"), "write '\\n'", ""},
        {std::regex("\\b(rand|srand)\\(\\)"), "use rt::Random", ""},
        {std::regex(std::string("this_thread::(sl") + "eep_|yi" + "eld)"),
         "wait with a clock or a stop token; in a test, with unit/support/eventually.hpp", "", true,
         true},
        {std::regex(std::string("(^|[^A-Za-z0-9_.-])/wo") + "rk(/|\\b)"),
         "no path of a developer's machine", "", false},
        {std::regex(std::string("\\.\\./sha") + "red"), "state the fact here", "", false},
        {std::regex(std::string("(proxy|sum)\\.golang") + "\\.org|py" + "pi\\.org|pythonhosted" +
                    "\\.org|deb\\.debian" + "\\.org|registry\\.npm" + "js\\.org"),
         "no host of a package registry", "", false},
        {std::regex(std::string("CURLOPT_SSL_VERIFY(PEER|HOST), ?0")),
         "certificates are always verified", ""},
    };
    for (auto const& file : all_files()) {
        for (auto const& word : banned) {
            if ((word.cpp_only && !file.is_cpp()) || !file.path.starts_with(word.under) ||
                (word.waits && waits_for_others(file))) {
                continue;
            }
            for (std::size_t index = 0; index < file.lines.size(); ++index) {
                if (file.lines[index].size() > 5000) {
                    continue;
                }  // generated; std::regex recurses
                std::smatch match;
                EXPECT_FALSE(std::regex_search(file.lines[index], match, word.pattern))
                    << place(file, index) << ": \"" << match.str() << "\": " << word.instead;
            }
        }
    }
}

TEST(Tidy, FilesAndFoldersAreNamedInSnakeCase) {
    static std::regex const pattern("[a-z0-9_]+\\.(cpp|hpp)");
    for (auto const& file : cpp_files()) {
        EXPECT_TRUE(std::regex_match(fs::path(file.path).filename().string(), pattern))
            << file.path << ": snake_case";
    }
}

TEST(Tidy, EverySourceIsListedInACMakeLists) {
    std::map<std::string, std::string> lists;
    for (auto const& file : all_files()) {
        if (fs::path(file.path).filename() != "CMakeLists.txt") {
            continue;
        }
        std::string content;
        for (auto const& line : file.lines) {
            content += line + "\n";
        }
        lists[fs::path(file.path).parent_path().string()] = content;
    }
    for (auto const& file : cpp_files()) {
        if (!file.is_source()) {
            continue;
        }
        fs::path const path(file.path);
        bool listed = false;
        for (auto folder = path.parent_path(); !listed && !folder.empty();
             folder = folder.parent_path()) {
            auto const list = lists.find(folder.string());
            if (list == lists.end()) {
                continue;
            }
            auto const name = path.lexically_relative(folder).string();
            // A loop over programs names their main files by a pattern.
            listed =
                list->second.find(name) != std::string::npos ||
                (name.starts_with("main_") && list->second.find("main_${") != std::string::npos);
        }
        EXPECT_TRUE(listed) << file.path << ": listed in no CMakeLists.txt of its folder or above";
    }
}

TEST(Tidy, ScriptsStopAtTheFirstError) {
    for (auto const& file : all_files()) {
        if (file.lines.empty() || !file.lines.front().starts_with("#!") ||
            file.lines.front().find("bash") == std::string::npos) {
            continue;
        }
        EXPECT_TRUE(std::ranges::any_of(file.lines,
                                        [](auto const& line) {
                                            return line.starts_with("set -") &&
                                                   line.find('u') != std::string::npos;
                                        }))
            << file.path << ": begin with set -euo pipefail";
    }
}

}  // namespace
