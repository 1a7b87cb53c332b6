#include <algorithm>

#include "lib/tenancy/image_doors.hpp"
#include "webhook/admission/review_collector.hpp"

namespace rt::webhook {
namespace {

/// A Kubernetes UID has 36 characters; the API server takes back what it sent, so any text will do,
/// but not one that makes the answer large.
constexpr std::size_t uid_bytes_max = 256;

}  // namespace

ReadStatus ReviewCollector::finish() {
    if (uid_unusable_ || review_.uid.empty() || review_.uid.size() > uid_bytes_max) {
        refuse("/request/uid must be a text of 1 to " + std::to_string(uid_bytes_max) + " bytes");
        return ReadStatus::Unanswerable;
    }
    check_review();
    if (problem_.empty()) {
        find_target();
    }
    return problem_.empty() ? ReadStatus::Readable : ReadStatus::Refused;
}

void ReviewCollector::check_review() {
    if (api_version_ != "admission.k8s.io/v1" || review_kind_ != "AdmissionReview") {
        refuse("the body must be an AdmissionReview of admission.k8s.io/v1");
    }
    if (operation_ == "CREATE") {
        review_.operation = Operation::Create;
    } else if (operation_ == "UPDATE") {
        review_.operation = Operation::Update;
    } else if (operation_ == "DELETE") {
        review_.operation = Operation::Delete;
    } else if (operation_ == "CONNECT") {
        review_.operation = Operation::Connect;
    } else {
        refuse("/request/operation must be CREATE, UPDATE, DELETE or CONNECT");
    }
    if (review_.resource.empty() || review_.version.empty()) {
        refuse("/request/resource must name a resource and its version");
    }
}

void ReviewCollector::find_target() {
    if (review_.operation != Operation::Create && review_.operation != Operation::Update) {
        return;
    }
    std::string_view expected_version = "v1";
    std::string_view expected_kind = "Pod";
    std::string_view location = "/spec";
    Target target = Target::None;
    if (review_.group.empty() && review_.resource == "pods") {
        target = review_.subresource.empty()                    ? Target::Pod
                 : review_.subresource == "ephemeralcontainers" ? Target::EphemeralContainers
                                                                : Target::None;
    } else if (!review_.subresource.empty()) {
        return;
    } else if (tree_.custom(review_.group, review_.resource) != nullptr) {
        check_custom();
        return;
    } else {
        for (tenancy::TemplateKind const& kind : tenancy::template_kinds()) {
            if (kind.group == review_.group && kind.resource == review_.resource) {
                target = Target::Template;
                expected_version = kind.version;
                expected_kind = kind.kind;
                location = kind.pod_spec;
            }
        }
    }
    if (target == Target::None) {
        return;
    }
    if (review_.version != expected_version || review_.kind != expected_kind) {
        refuse("/request/resource and /request/kind must agree on " +
               std::string(expected_version) + " " + std::string(expected_kind) +
               ", the only form that is understood");
    }
    check_object();
    if (!problem_.empty()) {
        return;
    }
    review_.target = target;
    review_.pod_spec = location;
    auto const locations = pod_spec_locations();
    take_shapes(static_cast<std::size_t>(std::find(locations.begin(), locations.end(), location) -
                                         locations.begin()));
}

void ReviewCollector::check_custom() {
    check_object();
    if (problem_.empty()) {
        review_.target = Target::Custom;
        take_shapes(pod_spec_locations().size());
    }
}

void ReviewCollector::check_object() {
    if (!review_.object.present) {
        refuse("/request/object is missing");
    } else if (review_.ns.empty()) {
        refuse("/request/namespace is missing");
    } else if (!review_.object.ns.empty() && review_.object.ns != review_.ns) {
        refuse("/request/object/metadata/namespace must be the one in /request/namespace");
    }
}

void ReviewCollector::take_shapes(std::size_t location) {
    std::swap(review_.object.pod, new_.shapes[location]);
    std::swap(review_.old_object.pod, old_.shapes[location]);
}

}  // namespace rt::webhook
