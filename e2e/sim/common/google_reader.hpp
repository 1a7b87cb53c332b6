#pragma once

#include "e2e/sim/common/google_world.hpp"
#include "e2e/sim/common/yaml_reader.hpp"

namespace sim {

/// The section `google` of a world. Throws std::runtime_error naming the key that is wrong.
GoogleWorld read_google_world(const YAML::Node& section);

}  // namespace sim
