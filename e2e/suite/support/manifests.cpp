#include "e2e/suite/support/manifests.hpp"

#include <nlohmann/json.hpp>

namespace e2e {
namespace {

Json pod_spec(std::string const& image) {
    Json container = {{"name", "main"}, {"image", image}, {"imagePullPolicy", "Always"}};
    return {{"automountServiceAccountToken", false},
            {"terminationGracePeriodSeconds", 1},
            {"containers", Json::array({container})}};
}

Json pod_template(std::string const& name, std::string const& image) {
    return {{"metadata", {{"labels", {{"app", name}}}}}, {"spec", pod_spec(image)}};
}

}  // namespace

std::string role_arn(std::string const& name) {
    return "acs:ram::1146716667364888:role/" + name;
}

Json Tenancy::manifest() const {
    Json entries = Json::array();
    for (auto const& [kind, path] : allow) {
        entries.push_back(Json{{kind, path}});
    }
    Json entry = {{"name", registry}};
    if (!role.empty()) {
        entry["role"] = role.find(':') == std::string::npos ? role_arn(role) : role;
    }
    if (!role.empty() && !external_id.empty()) {
        entry["externalID"] = external_id;
    }
    entry["allow"] = entries;
    Json spec = Json::object();
    if (!namespaces.empty()) {
        spec["namespaces"] = namespaces;
    }
    if (!team.empty()) {
        spec["namespaceSelector"] = {{"matchLabels", {{"team", team}}}};
    }
    spec["registries"] = Json::array({entry});
    spec["enforcement"] = enforcement;
    spec["contact"] = "#registry-help";
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryTenancy"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
}

Json namespace_manifest(std::string const& name, std::string const& team) {
    Json object = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    if (!team.empty()) {
        object["metadata"]["labels"] = {{"team", team}};
    }
    return object;
}

Json pod_manifest(std::string const& ns, std::string const& name, std::string const& image) {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"name", name}, {"namespace", ns}, {"labels", {{"app", name}}}}},
            {"spec", pod_spec(image)}};
}

Json deployment_manifest(std::string const& ns, std::string const& name, std::string const& image) {
    return workload_manifest("Deployment", ns, name, image);
}

Json workload_manifest(std::string const& kind, std::string const& ns, std::string const& name,
                       std::string const& image) {
    bool const batch = kind == "Job" || kind == "CronJob";
    std::string const version = batch                             ? "batch/v1"
                                : kind == "ReplicationController" ? "v1"
                                                                  : "apps/v1";
    Json spec = {{"template", pod_template(name, image)}};
    if (kind == "ReplicationController") {
        spec["selector"] = {{"app", name}};
    } else if (!batch) {
        spec["selector"] = {{"matchLabels", {{"app", name}}}};
    } else {
        spec["template"]["spec"]["restartPolicy"] = "Never";
    }
    if (kind == "StatefulSet") {
        spec["serviceName"] = name;
    }
    if (kind == "CronJob") {
        spec = {{"schedule", "0 0 1 1 *"}, {"jobTemplate", {{"spec", spec}}}};
    }
    return {{"apiVersion", version},
            {"kind", kind},
            {"metadata", {{"name", name}, {"namespace", ns}}},
            {"spec", spec}};
}

}  // namespace e2e
