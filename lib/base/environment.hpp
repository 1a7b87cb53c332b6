#pragma once

#include <string>

namespace rt {

/// The value of an environment variable; empty where it is not set. Thread-safe, because nothing of
/// ours changes the environment.
[[nodiscard]] std::string environment_variable(char const* name);

}  // namespace rt
