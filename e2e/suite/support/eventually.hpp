#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace e2e {

/// Says what is still wrong, in words; empty when nothing is.
using Problem = std::function<std::string()>;

/// Asks until nothing is wrong. The failure says how long was waited and what was wrong last.
[[nodiscard]] testing::AssertionResult eventually(std::chrono::seconds limit,
                                                  Problem const& problem);

/// Asks for the whole time: something must not happen. Fails at the first problem.
[[nodiscard]] testing::AssertionResult throughout(std::chrono::seconds time,
                                                  Problem const& problem);

}  // namespace e2e
