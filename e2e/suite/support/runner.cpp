#include "e2e/suite/support/runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <future>
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

/// Takes tests from a list with several threads; each test is a process.
class Pool {
  public:
    explicit Pool(std::string program) : program_(std::move(program)) {}

    void run_tests(std::vector<TestName> const& tests, unsigned jobs) {
        std::size_t next = 0;
        std::mutex mutex;
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < jobs; ++i) {
            threads.emplace_back([&] {
                while (true) {
                    std::unique_lock lock(mutex);
                    if (next == tests.size()) {
                        return;
                    }
                    TestName const& test = tests[next++];
                    lock.unlock();
                    run_one(test.full);
                }
            });
        }
    }

    /// Two busy cores make waits run out: what failed since the last call runs once more, one at a
    /// time. What fails alone as well has failed; what passes is named, because a test that needs
    /// it often is broken. Many failures at once are no accident and stay.
    void try_failed_again() {
        std::vector<std::string> const again(failed_.begin() + judged_, failed_.end());
        if (again.size() <= second_tries_max) {
            failed_.resize(static_cast<std::size_t>(judged_));
            for (std::string const& test : again) {
                std::cout << "again, alone: " << test << '\n';
                if (run_one(test)) {
                    passed_again_.push_back(test);
                }
            }
        }
        judged_ = static_cast<std::ptrdiff_t>(failed_.size());
    }

    [[nodiscard]] std::vector<std::string> const& failed() const { return failed_; }
    [[nodiscard]] std::vector<std::string> const& passed_again() const { return passed_again_; }
    [[nodiscard]] std::size_t passed() const { return passed_; }

  private:
    bool run_one(std::string const& test) {
        auto const begin = Clock::now();
        CommandResult const result =
            run({program_, "--gtest_filter=" + test, "--gtest_brief=1"}, "", test_at_most);
        std::array<char, 32> time{};
        std::snprintf(time.data(), time.size(), "%6.1f s  ", seconds_since(begin));
        std::lock_guard const lock(mutex_);
        if (result.ok()) {
            ++passed_;
            std::cout << "passed " << time.data() << test << '\n' << std::flush;
        } else {
            failed_.push_back(test);
            std::cout << "FAILED " << time.data() << test << '\n'
                      << (result.timed_out ? "  it did not end in time\n" : "") << result.out
                      << result.err << std::flush;
        }
        return result.ok();
    }

    std::string program_;
    std::mutex mutex_;
    std::size_t passed_ = 0;
    std::vector<std::string> failed_;
    std::ptrdiff_t judged_ = 0;  ///< so many of failed_ have had their second try
    std::vector<std::string> passed_again_;
};

}  // namespace

int run_all(std::string const& program, unsigned jobs, std::vector<std::string> const& alone) {
    auto const begin = Clock::now();
    std::vector<TestName> const tests = all_tests();
    std::vector<TestName> together;
    std::copy_if(tests.begin(), tests.end(), std::back_inserter(together), [&](auto const& test) {
        return std::none_of(alone.begin(), alone.end(), [&](std::string const& entry) {
            return entry == test.suite || entry == test.suite + ".*";
        });
    });
    Pool pool(program);
    pool.run_tests(together, jobs);
    pool.try_failed_again();
    for (std::string const& suite : alone) {
        std::vector<TestName> one_suite;
        if (suite.ends_with(".*")) {
            one_suite.push_back({suite, suite});
        }
        std::copy_if(tests.begin(), tests.end(), std::back_inserter(one_suite),
                     [&](auto const& test) { return test.suite == suite; });
        pool.run_tests(one_suite, 1);
        pool.try_failed_again();
    }
    std::printf("\nend to end: %zu passed, %zu failed, in %.0f s\n", pool.passed(),
                pool.failed().size(), seconds_since(begin));
    for (std::string const& test : pool.passed_again()) {
        std::printf("  passed at the second try: %s\n", test.c_str());
    }
    for (std::string const& test : pool.failed()) {
        std::printf("  failed: %s\n", test.c_str());
    }
    return pool.failed().empty() ? 0 : 1;
}

}  // namespace e2e
