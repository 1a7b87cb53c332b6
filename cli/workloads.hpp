#pragma once

#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/manifests.hpp"
#include "lib/tenancy/custom_kinds.hpp"

namespace rt::cli {

/// The kinds whose objects run images or could start to, as one cluster has them.
struct WorkloadKinds {
    std::vector<kube::ResourceType> types;  ///< custom ones, workloads, Pods
    /// Those of the settings, under the plural that is guessed from the kind which objects have:
    /// what looks at an object finds it, however odd its plural is.
    tenancy::CustomKinds custom;
};

/// Asks the cluster which of the custom kinds it has.
[[nodiscard]] Result<WorkloadKinds> workload_kinds(kube::Client& client,
                                                   tenancy::CustomKinds const& custom);

/// Everything in one namespace that runs images or could start to: Pods that have not ended, and
/// the Pod templates of all workloads, scaled to zero or suspended ones included. What a controller
/// made from another workload of the list is left out where it names the same images, so that a
/// Deployment is told once. Kinds that the cluster does not serve are passed over.
[[nodiscard]] Result<std::vector<Document>> workloads_in(kube::Client& client,
                                                         WorkloadKinds const& kinds,
                                                         std::string const& ns);

}  // namespace rt::cli
