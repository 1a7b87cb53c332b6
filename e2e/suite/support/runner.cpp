#include "e2e/suite/support/runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <thread>

#include "e2e/suite/support/command.hpp"

namespace e2e {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds test_at_most{240};
/// More failures than this are no accident.
constexpr std::size_t second_tries_max = 8;

struct TestName {
    std::string suite;
    std::string full;
};

std::vector<TestName> all_tests() {
    std::vector<TestName> out;
    auto const& unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); ++i) {
        auto const& suite = *unit.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            std::string const suite_name = suite.name();
            std::string const test_name = suite.GetTestInfo(j)->name();
            if (test_name.rfind("DISABLED_", 0) != 0) {
                out.push_back({suite_name, suite_name + "." + test_name});
            }
        }
    }
    return out;
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Whole texts, from several threads.
void say(std::string const& text) {
    static std::mutex mutex;
    std::lock_guard const lock(mutex);
    std::cout << text << std::flush;
}

/// What runs as a process of its own: each test of the suite, or the suite as a whole (SUITE.*).
std::vector<std::string> tests_of(std::vector<TestName> const& tests, std::string const& suite) {
    if (suite.ends_with(".*")) {
        return {suite};
    }
    std::vector<std::string> out;
    for (TestName const& test : tests) {
        if (test.suite == suite) {
            out.push_back(test.full);
        }
    }
    return out;
}

/// Takes tests from a list with several threads; each test is a process. One for each cluster.
class Pool {
  public:
    /// What runs a test, but for the test's name.
    explicit Pool(std::vector<std::string> command) : command_(std::move(command)) {}

    void run_tests(std::vector<std::string> const& tests, unsigned jobs) {
        std::atomic<std::size_t> next = 0;
        {
            std::vector<std::jthread> threads;
            for (unsigned i = 0; i < jobs; ++i) {
                threads.emplace_back([&] {
                    for (std::size_t mine = next++; mine < tests.size(); mine = next++) {
                        run_one(tests[mine]);
                    }
                });
            }
        }
        try_failed_again();
    }

    void run_suites(std::vector<TestName> const& tests, std::vector<std::string> const& suites) {
        for (std::string const& suite : suites) {
            run_tests(tests_of(tests, suite), 1);
        }
    }

    [[nodiscard]] std::vector<std::string> const& failed() const { return failed_; }
    [[nodiscard]] std::vector<std::string> const& passed_again() const { return passed_again_; }
    [[nodiscard]] std::size_t passed() const { return passed_; }

  private:
    /// Two busy cores make waits run out: what failed since the last call runs once more, one at a
    /// time. What fails alone as well has failed; what passes is named, because a test that needs
    /// it often is broken. Many failures at once are no accident and stay.
    void try_failed_again() {
        std::vector<std::string> const again(failed_.begin() + judged_, failed_.end());
        if (again.size() <= second_tries_max) {
            failed_.resize(static_cast<std::size_t>(judged_));
            for (std::string const& test : again) {
                say("again, alone: " + test + '\n');
                if (run_one(test)) {
                    passed_again_.push_back(test);
                }
            }
        }
        judged_ = static_cast<std::ptrdiff_t>(failed_.size());
    }

    bool run_one(std::string const& test) {
        auto const begin = Clock::now();
        std::vector<std::string> command = command_;
        command.insert(command.end(), {"--gtest_filter=" + test, "--gtest_brief=1"});
        CommandResult const result = run(command, "", test_at_most);
        std::array<char, 32> time{};
        std::snprintf(time.data(), time.size(), "%6.1f s  ", seconds_since(begin));
        std::lock_guard const lock(mutex_);
        if (result.ok()) {
            ++passed_;
            say(std::string("passed ") + time.data() + test + '\n');
        } else {
            failed_.push_back(test);
            say(std::string("FAILED ") + time.data() + test + '\n' +
                (result.timed_out ? "  it did not end in time\n" : "") + result.out + result.err);
        }
        return result.ok();
    }

    std::vector<std::string> command_;
    std::mutex mutex_;
    std::size_t passed_ = 0;
    std::vector<std::string> failed_;
    std::ptrdiff_t judged_ = 0;  ///< so many of failed_ have had their second try
    std::vector<std::string> passed_again_;
};

}  // namespace

int run_all(std::string const& program, unsigned jobs, std::vector<std::string> const& afterwards,
            std::vector<std::string> const& alone, std::string const& second_cluster) {
    auto const begin = Clock::now();
    std::vector<TestName> const tests = all_tests();
    auto const apart = [&](std::string const& suite) {
        return std::ranges::count(afterwards, suite) + std::ranges::count(alone, suite) +
                   std::ranges::count(alone, suite + ".*") >
               0;
    };
    std::vector<std::string> together;
    for (TestName const& test : tests) {
        if (!apart(test.suite)) {
            together.push_back(test.full);
        }
    }
    Pool first({program});
    Pool second({"env", "-u", "CLUSTER_INDEX", "RT_CLUSTER_DIR=" + second_cluster, program});
    {
        std::jthread beside;
        if (!second_cluster.empty()) {
            beside = std::jthread([&] { second.run_suites(tests, alone); });
        }
        first.run_tests(together, jobs);
        first.run_suites(tests, afterwards);
        if (second_cluster.empty()) {
            first.run_suites(tests, alone);
        }
    }
    auto const all = [&](auto const& of) {
        std::vector<std::string> names = of(first);
        std::ranges::copy(of(second), std::back_inserter(names));
        return names;
    };
    auto const failed = all([](Pool const& pool) { return pool.failed(); });
    std::printf("\nend to end: %zu passed, %zu failed, in %.0f s\n",
                first.passed() + second.passed(), failed.size(), seconds_since(begin));
    for (std::string const& test : all([](Pool const& pool) { return pool.passed_again(); })) {
        std::printf("  passed at the second try: %s\n", test.c_str());
    }
    for (std::string const& test : failed) {
        std::printf("  failed: %s\n", test.c_str());
    }
    return failed.empty() ? 0 : 1;
}

}  // namespace e2e
