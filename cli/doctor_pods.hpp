#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "cli/environment.hpp"
#include "lib/registry/chain.hpp"

namespace rt::cli {

/// A Pod of the operator's own template that runs `registry-tenancy-operator doctor` once with
/// `request`; null where `deployment` is no Deployment of ours. Pure.
[[nodiscard]] Json operator_pod(Json const& deployment, std::string const& name,
                                Json const& request);

/// A Pod on a node's own network (and so with its DNS), with our image, no ServiceAccount token and
/// no rights, that walks to the registry as `request` says. Pure.
[[nodiscard]] Json node_pod(Json const& deployment, std::string const& name, std::string const& ns,
                            std::string const& node, Json const& request);

/// Creates the Pod, tells the steps that its log shows as they come, and removes it, also where the
/// user interrupts. True where every step went well.
[[nodiscard]] Result<bool> run_pod(kube::Client& client, Clock& clock, Json const& pod,
                                   std::function<void(registry::Step const&)> const& tell,
                                   std::stop_token const& stop);

/// The program of node_pod(): walks as the environment variable REGISTRY_TENANCY_WALK says, as
/// anybody, and prints each step as a line of JSON.
int walk_here(std::string const& request, Environment& env);
/// What stands in that variable. `trusted`: besides the system's certificates.
[[nodiscard]] Json walk_request(registry::ChainTarget const& target,
                                http::CaBundles const& trusted);

}  // namespace rt::cli
