#pragma once

#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/world.hpp"

namespace rt::cli {

struct DiffOptions {
    std::vector<std::string> files{};    ///< changed objects
    std::vector<std::string> deleted{};  ///< names of RegistryTenancies
    WorldSources world{};
};

/// Tells what changed Registries and tenancies would newly deny and newly allow, to which
/// namespaces, and which workloads of the cluster it would hit. 0: nothing changes; 1: something
/// does; 2: could not be told.
int diff(DiffOptions const& options, Environment& env);

}  // namespace rt::cli
