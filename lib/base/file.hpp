#pragma once

#include <cstddef>
#include <string>

#include "lib/base/result.hpp"

namespace rt {

/// Reads a whole file of at most `bytes_max` bytes. NotFound, InvalidArgument (too large) or
/// Unavailable (any other read failure); the message names the path.
[[nodiscard]] Result<std::string> read_file(std::string const& path, std::size_t bytes_max);

}  // namespace rt
