#pragma once

#include "cli/environment.hpp"
#include "cli/world.hpp"

namespace rt::cli {

struct DoctorOptions {
    WorldSources world{};  ///< cluster flags and --config only
};

/// Looks an installation over and says what to mend. 0: no problem; 1: at least one; 2: the cluster
/// cannot be reached.
int doctor_install(DoctorOptions const& options, Environment& env);

}  // namespace rt::cli
