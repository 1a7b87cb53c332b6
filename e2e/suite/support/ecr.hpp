#pragma once

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// The Registry ecr-111122223333 with identity InstanceRole. Tests share it, because a host belongs
/// to one Registry.
Json ecr_registry_manifest();

}  // namespace e2e
