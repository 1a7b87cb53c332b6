#pragma once

#include <memory>

#include "operator/cloud/token_source.hpp"

namespace rt::op::harbor {

/// Credentials of a Harbor: one robot of the system for each Registry and namespace, that may pull
/// from the projects of `allow` and ends after a week. A robot's secret is shown once, when it is
/// made, and renewing it would end the old one at once: so each mint makes a new robot, and sweep()
/// deletes those that no pull Secret holds any more.
std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context);

}  // namespace rt::op::harbor
