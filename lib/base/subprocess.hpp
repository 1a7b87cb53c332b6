#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/result.hpp"

namespace rt {

/// Another program, and how far it may go.
struct Subprocess {
    std::vector<std::string> arguments;  ///< the program first: a path, or a name found on PATH
    /// Besides our own environment; of equal names these count.
    std::vector<std::pair<std::string, std::string>> environment{};
    bool may_ask = false;  ///< gets our standard input; otherwise there is nothing to read
    std::chrono::milliseconds time_max{};
    std::size_t output_bytes_max = 0;
};

/// How it ended.
struct SubprocessResult {
    int status = 0;  ///< exit code; 128 + signal
    std::string output;
};

/// Runs it to its end, without a shell, and returns its standard output; its standard error goes to
/// ours. NotFound: it cannot be started. DeadlineExceeded: it took longer than time_max. Corrupt:
/// it wrote more than output_bytes_max. In both cases it is killed (what it started itself is not).
/// Messages name the program, and hold nothing that it wrote.
[[nodiscard]] Result<SubprocessResult> run_subprocess(Subprocess const& program);

}  // namespace rt
