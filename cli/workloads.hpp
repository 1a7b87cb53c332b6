#pragma once

#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/manifests.hpp"

namespace rt::cli {

/// Everything in one namespace that runs images or could start to: Pods that have not ended, and
/// the Pod templates of all workloads, scaled to zero or suspended ones included. What a controller
/// made from another workload of the list is left out where it names the same images, so that a
/// Deployment is told once. Kinds that the cluster does not serve are passed over.
[[nodiscard]] Result<std::vector<Document>> workloads_in(kube::Client& client,
                                                         std::string const& ns);

}  // namespace rt::cli
