#pragma once

#include <string>

#include "e2e/sim/common/azure_world.hpp"
#include "e2e/sim/common/google_world.hpp"

namespace sim {

/// Does what a line typed at gcloud or az would do to what exists. Takes the commands that let
/// somebody pull, with the flags that matter for it, and refuses everything else rather than
/// misread it. Source: the references of Google Cloud's and Azure's command lines, and the grammar
/// of sh for words and quotes. Throws std::runtime_error with what is wrong.
void apply_command(std::string const& line, GoogleWorld& google, AzureWorld& azure);

}  // namespace sim
