#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace e2e {

/// How a program ended.
struct CommandResult {
    int status = -1;  ///< exit code; 128 + signal; -1 where it could not be started
    std::string out;
    std::string err;
    bool timed_out = false;

    [[nodiscard]] bool ok() const { return status == 0; }
    /// Both outputs and the status, for failure texts.
    [[nodiscard]] std::string text() const;
};

/// Runs a program (found on PATH, no shell) to its end, feeding `input`. Killed after `limit`, with
/// everything it started.
CommandResult run(std::vector<std::string> const& arguments, std::string const& input = "",
                  std::chrono::seconds limit = std::chrono::seconds(60));

}  // namespace e2e
