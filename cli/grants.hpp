#pragma once

#include "cli/environment.hpp"
#include "cli/world.hpp"

namespace rt::cli {

struct GrantsOptions {
    WorldSources world{};
    bool json = false;
};

/// Shows RegistryGrants: one table for all namespaces, or with -n everything about one. With
/// --tenancy the grants that the operator would write. 0; 1 where they cannot be read.
int show_grants(GrantsOptions const& options, Environment& env);

}  // namespace rt::cli
