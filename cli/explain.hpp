#pragma once

#include <string>

#include "cli/environment.hpp"
#include "cli/world.hpp"

namespace rt::cli {

struct ExplainOptions {
    std::string image{};
    WorldSources world{};
    bool json = false;
};

/// Tells how one image fares in one namespace, why, and with which key of the pull Secret a node
/// would pull it. 0: allowed; 1: denied; 2: could not judge.
int explain_image(ExplainOptions const& options, Environment& env);

struct WhoCanOptions {
    std::string image{};
    WorldSources world{};
    bool json = false;
};

/// Lists the namespaces that may run an image, and the tenancies behind it. 0 also where there are
/// none; 2: could not be told.
int who_can(WhoCanOptions const& options, Environment& env);

}  // namespace rt::cli
