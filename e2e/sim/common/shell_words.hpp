#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// Runs the command of a $(...) and returns its output without the last line's end.
using RunNested = std::function<std::string(std::vector<std::string> const&)>;

/// The words of one simple command, as sh splits them: 'single' and "double" quotes, and $(...) in
/// the latter. What else means something to a shell (variables, globs, pipes, escapes) is refused.
/// Throws std::runtime_error.
std::vector<std::string> shell_words(std::string_view line, RunNested const& run_nested);

}  // namespace sim
