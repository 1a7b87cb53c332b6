#pragma once

#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace rt::cli {

/// Runs a program (found on PATH; no shell) to its end and returns its standard output, at most 64
/// MiB. Its standard error goes to ours. NotFound where there is no such program, Unavailable where
/// it ends with anything but 0, DeadlineExceeded where it takes over ten minutes.
[[nodiscard]] Result<std::string> run_program(std::vector<std::string> const& arguments);

}  // namespace rt::cli
