#pragma once

#include <cstdio>
#include <span>
#include <string>

namespace rt::cli {

/// What the process ends with.
enum ExitCode : int {
    ExitOk = 0,      ///< the command ran; for `image parse` also where references are invalid
    ExitFailed = 1,  ///< it ran into trouble (output that cannot be written)
    ExitUsage = 2,   ///< the command line is wrong; the message says how to mend it
};

/// The whole program: reads `arguments` (without the program's name), writes results to `out` and
/// messages for people to `err`. Streams are the caller's and stay open.
int run(std::span<std::string const> arguments, std::FILE* in, std::FILE* out, std::FILE* err);

}  // namespace rt::cli
