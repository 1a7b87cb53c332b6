#pragma once

#include <cstdio>
#include <span>
#include <string>

#include "cli/environment.hpp"

namespace rt::cli {

/// The whole program: reads `arguments` (without the program's name), writes results to `env.out`
/// and messages for people to `env.err`. Returns an ExitCode. Streams are the caller's and stay
/// open.
int run(std::span<std::string const> arguments, Environment& env);
/// The same in the process's own environment.
int run(std::span<std::string const> arguments, std::FILE* in, std::FILE* out, std::FILE* err);

}  // namespace rt::cli
