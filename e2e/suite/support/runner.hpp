#pragma once

#include <string>
#include <vector>

namespace e2e {

/// Runs every test in a process of its own, several at once: most of their time is waiting.
/// Suites named in `afterwards` look at what all others left and run one by one after them; those
/// in `alone` disturb others (they restart or remove the product) and run one by one in that order:
/// at the end, or, where `second_cluster` names another cluster's folder, there from the start. One
/// written SUITE.* runs in one process, because its tests share what SetUpTestSuite installs.
/// Prints a line for each test, the whole output of those that failed, and a summary; returns the
/// exit code.
int run_all(std::string const& program, unsigned jobs, std::vector<std::string> const& afterwards,
            std::vector<std::string> const& alone, std::string const& second_cluster);

}  // namespace e2e
