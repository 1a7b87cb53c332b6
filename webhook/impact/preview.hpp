#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"
#include "webhook/impact/what_if.hpp"

namespace rt::webhook {

/// How much a preview reads at most. It runs while somebody waits for `kubectl apply`, and every
/// replica of the webhook may be asked at once.
struct PreviewLimits {
    std::size_t namespaces_max = 50;
    std::size_t objects_max = 5'000;
    int page_size = 100;  ///< some megabytes of Pods as a JSON tree
};

/// Reads what is there in the namespaces that a change concerns, Pods and built-in workloads, and
/// says what the change does to it. Never fails: what can't be read, or not before `deadline`, is
/// said. Blocks; a stop ends it soon.
[[nodiscard]] std::vector<std::string> preview_impact(kube::Client& client, Clock& clock,
                                                      std::vector<NamespaceChange> const& changes,
                                                      AdmissionSettings const& settings,
                                                      PreviewLimits const& limits,
                                                      SteadyTime deadline, std::stop_token stop);

}  // namespace rt::webhook
