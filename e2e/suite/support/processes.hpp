#pragma once

#include <string>
#include <vector>

#include "e2e/suite/support/command.hpp"

namespace e2e {

/// The running containers of a program's Pods (its Deployment's name), as the node knows them; not
/// those of Pods that are leaving.
std::vector<std::string> containers_of(std::string const& deployment);

/// SIGKILL to a container's process, as the kernel sends it when memory runs out: nothing is
/// drained, written or released. The kubelet starts the container again.
CommandResult kill_container(std::string const& container);

/// Empty when the Deployment has all its replicas ready.
std::string why_not_available(std::string const& deployment);

}  // namespace e2e
