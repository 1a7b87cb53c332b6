#pragma once

#include <string>
#include <vector>

namespace e2e {

/// Runs every test in a process of its own, several at once: most of their time is waiting.
/// Suites named in `alone` disturb others (they restart or remove the product) and run one by one
/// afterwards, in that order; one written SUITE.* in one process, because its tests share what
/// SetUpTestSuite installs. Prints a line for each test, the whole output of those that failed,
/// and a summary; returns the exit code.
int run_all(std::string const& program, unsigned jobs, std::vector<std::string> const& alone);

}  // namespace e2e
