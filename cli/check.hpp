#pragma once

#include "cli/environment.hpp"
#include "cli/manifests.hpp"
#include "cli/report.hpp"
#include "cli/world.hpp"

namespace rt::cli {

struct CheckOptions {
    ManifestSources manifests{};
    WorldSources world{};
    ReportFormat format = ReportFormat::Text;
};

/// Judges rendered manifests and prints the verdicts. 0: all allowed; 1: something is denied; 2:
/// something could not be judged.
int check(CheckOptions const& options, Environment& env);

}  // namespace rt::cli
