#pragma once

#include <string>
#include <vector>

#include "cli/environment.hpp"

namespace rt::cli {

struct BreakGlassOptions {
    std::string ns{};        ///< the namespace to open; empty with `webhook`
    std::string lifetime{};  ///< "1h"
    std::string reason{};
    std::string ticket{};
    std::vector<std::string> images{};  ///< only these; empty: every image
    bool webhook = false;               ///< failurePolicy Ignore instead of an exception
    bool end = false;                   ///< undo it now
    bool dry_run = false;               ///< print what would be written
    ClusterFlags cluster{};
};

/// Opens one namespace with a RegistryException, or, while no webhook answers, the whole cluster by
/// turning failurePolicy to Ignore. Prints what it did. 0; 1 where it could not.
int break_glass(BreakGlassOptions const& options, Environment& env);

}  // namespace rt::cli
