#pragma once

#include <string>
#include <utility>
#include <vector>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// A RegistryTenancy of one registry, as tests vary it.
struct Tenancy {
    std::string name;
    std::vector<std::string> namespaces;
    std::string team;  ///< also every namespace with this label `team`
    std::string registry = "shared-acr";
    std::string role = "acr-cainiao";  ///< a name or an ARN; empty: none, and no external ID
    /// {"namespace", "cainiao"} or {"repository", "base/jdk"}
    std::vector<std::pair<std::string, std::string>> allow = {{"namespace", "cainiao"}};
    std::string enforcement = "Deny";
    std::string external_id = "{cluster}";

    [[nodiscard]] Json manifest() const;
};

/// acs:ram::1146716667364888:role/NAME
std::string role_arn(std::string const& name);

Json namespace_manifest(std::string const& name, std::string const& team = "");
/// One container; always pulled, so that the registry is asked.
Json pod_manifest(std::string const& ns, std::string const& name, std::string const& image);
Json deployment_manifest(std::string const& ns, std::string const& name, std::string const& image);
/// A workload of any kind with a Pod template: Deployment, StatefulSet, DaemonSet, ReplicaSet,
/// ReplicationController, Job or CronJob.
Json workload_manifest(std::string const& kind, std::string const& ns, std::string const& name,
                       std::string const& image);

}  // namespace e2e
