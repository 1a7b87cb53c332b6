#pragma once

#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/world.hpp"
#include "lib/registry/chain.hpp"

namespace rt::cli {

struct TenancyDoctorOptions {
    std::string tenancy{};
    std::string image{};        ///< reference; empty: one that is in use in the namespace
    bool from_cluster = false;  ///< also from a Pod with the operator's identity
    std::string from_node{};    ///< also from this node's network
    bool role = false;          ///< also ask how wide the role is (needs from_cluster)
    /// Where the Pod on a node runs: the product's own namespace forbids the host network.
    std::string node_pod_namespace = "kube-system";
    WorldSources world{};
};

/// Looks at everything between a tenancy and a pulled image in one namespace: what the operator
/// says of minting, then the way to the registry step by step from where the user stands, and from
/// a node or from the operator where that is asked for. 0: all is well; 1: a step failed; 2: it
/// could not be looked at.
int doctor_tenancy(TenancyDoctorOptions const& options, Environment& env);

/// What the operator's conditions, Events and problems say, as steps. Pure. `events`: those about
/// the tenancy.
[[nodiscard]] std::vector<registry::Step> operator_steps(Json const& tenancy,
                                                         std::vector<Json> const& events,
                                                         Json const& grant, std::string const& ns);

}  // namespace rt::cli
