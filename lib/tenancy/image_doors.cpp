#include "lib/tenancy/image_doors.hpp"

#include <array>

namespace rt::tenancy {
namespace {

constexpr std::array<ImageDoor, 4> doors{{
    {"containers", "", "image", true},
    {"initContainers", "", "image", true},
    {"ephemeralContainers", "", "image", true},
    {"volumes", "image", "reference", false},
}};

constexpr std::array<TemplateKind, 7> kinds{{
    {"apps", "v1", "deployments", "Deployment", "/spec/template/spec"},
    {"apps", "v1", "statefulsets", "StatefulSet", "/spec/template/spec"},
    {"apps", "v1", "daemonsets", "DaemonSet", "/spec/template/spec"},
    {"apps", "v1", "replicasets", "ReplicaSet", "/spec/template/spec"},
    {"", "v1", "replicationcontrollers", "ReplicationController", "/spec/template/spec"},
    {"batch", "v1", "jobs", "Job", "/spec/template/spec"},
    {"batch", "v1", "cronjobs", "CronJob", "/spec/jobTemplate/spec/template/spec"},
}};

}  // namespace

std::span<ImageDoor const> image_doors() {
    return doors;
}

std::span<TemplateKind const> template_kinds() {
    return kinds;
}

}  // namespace rt::tenancy
