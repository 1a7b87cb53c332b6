#pragma once

#include <span>
#include <string_view>

namespace rt::tenancy {

/// A list in a PodSpec whose elements name an image.
struct ImageDoor {
    std::string_view list;    ///< "containers"
    std::string_view object;  ///< "" or the member that holds the field: "image" for volumes
    std::string_view field;   ///< "image" or "reference"
    bool required;            ///< absent or empty is refused by the API server anyway
};

/// Every door through which an image gets onto a node from a PodSpec (Kubernetes 1.36): containers,
/// initContainers, ephemeralContainers, volumes[].image.reference. One table for admission, rules,
/// audit and command line.
[[nodiscard]] std::span<ImageDoor const> image_doors();

/// A built-in workload whose pod template we judge, and where the PodSpec stands in it.
struct TemplateKind {
    std::string_view group;
    std::string_view version;
    std::string_view resource;  ///< plural
    std::string_view kind;
    std::string_view pod_spec;  ///< JSON pointer, e.g. "/spec/template/spec"
};

/// Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob. Pods are
/// not in it.
[[nodiscard]] std::span<TemplateKind const> template_kinds();

}  // namespace rt::tenancy
