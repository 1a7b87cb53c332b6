#include "unit/webhook/reviews.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "lib/http/server.hpp"
#include "lib/tenancy/image_doors.hpp"

namespace rt::test {

PaddedBody::PaddedBody(std::string_view text)
    : bytes_(std::make_unique<char[]>(text.size() + http::body_padding_bytes)), size_(text.size()) {
    std::memcpy(bytes_.get(), text.data(), text.size());
}

Json pod(std::string const& image, std::string const& ns) {
    return Json{{"apiVersion", "v1"},
                {"kind", "Pod"},
                {"metadata", {{"name", "web-1"}, {"namespace", ns}, {"uid", "pod-uid"}}},
                {"spec", {{"containers", {{{"name", "web"}, {"image", image}}}}}}};
}

namespace {

tenancy::TemplateKind const* template_kind(std::string_view kind) {
    for (tenancy::TemplateKind const& candidate : tenancy::template_kinds()) {
        if (candidate.kind == kind) {
            return &candidate;
        }
    }
    return nullptr;
}

}  // namespace

Json& pod_spec(Json& object) {
    auto const* const kind = template_kind(object.at("kind").get<std::string>());
    return object[Json::json_pointer(kind ? std::string(kind->pod_spec) : "/spec")];
}

Json workload(std::string const& kind, std::string const& image, std::string const& ns) {
    auto const* const known = template_kind(kind);
    std::string const group(known->group);
    Json object{{"apiVersion", (group.empty() ? "" : group + "/") + std::string(known->version)},
                {"kind", kind},
                {"metadata", {{"name", "web"}, {"namespace", ns}}},
                {"spec", Json::object()}};
    pod_spec(object) = {{"containers", {{{"name", "web"}, {"image", image}}}}};
    return object;
}

Json admission_review(Json const& object, std::string const& operation, Json const& old_object,
                      std::string const& subresource) {
    std::string const kind = object.at("kind").get<std::string>();
    auto const* const known = template_kind(kind);
    std::string const group = known ? std::string(known->group) : "";
    std::string const resource = known ? std::string(known->resource) : "pods";
    Json request{{"uid", "review-1"},
                 {"kind", {{"group", group}, {"version", "v1"}, {"kind", kind}}},
                 {"resource", {{"group", group}, {"version", "v1"}, {"resource", resource}}},
                 {"name", object.at("metadata").value("name", "")},
                 {"namespace", object.at("metadata").value("namespace", "")},
                 {"operation", operation},
                 {"userInfo", {{"username", "alice"}, {"groups", {"system:authenticated"}}}},
                 {"object", operation == "DELETE" ? Json(nullptr) : object},
                 {"oldObject", operation == "DELETE" ? object : old_object},
                 {"dryRun", false},
                 {"options", {{"kind", "CreateOptions"}, {"apiVersion", "meta.k8s.io/v1"}}}};
    if (!subresource.empty()) {
        request["subResource"] = subresource;
    }
    return Json{{"kind", "AdmissionReview"},
                {"apiVersion", "admission.k8s.io/v1"},
                {"request", std::move(request)}};
}

namespace {

std::string describe(webhook::ReviewedObject const& object) {
    std::string text = object.present ? "present " : "absent ";
    text += std::string(object.ns) + "/" + std::string(object.name) + "/" +
            std::string(object.uid) + (object.mirror ? " mirror" : "") +
            (object.pod.present ? " spec" : "") +
            (object.pod.has_pull_secrets ? " secrets:" : " no-secrets:");
    for (auto const secret : object.pod.pull_secrets) {
        text += std::string(secret.name) + ",";
    }
    for (auto const& owner : object.owners) {
        text += " owner:" + std::string(owner.api_version) + "/" + std::string(owner.kind) + "/" +
                std::string(owner.name) + "/" + std::string(owner.uid) +
                (owner.controller ? "!" : "");
    }
    for (auto const& image : object.pod.images) {
        text += " image:" + std::to_string(image.door) + "[" + std::to_string(image.index) + "]" +
                std::string(image.name) + "=" + std::string(image.image) + "(" +
                std::string(image.pull_policy) + ")";
    }
    return text + "\n";
}

}  // namespace

std::string describe(webhook::Review const& review) {
    std::string text;
    for (auto const part : {review.uid, review.group, review.version, review.resource,
                            review.subresource, review.kind, review.kind_group, review.kind_version,
                            review.ns, review.name, review.user, review.pod_spec}) {
        text += std::string(part) + "|";
    }
    text += std::to_string(static_cast<int>(review.operation)) + "|" +
            std::to_string(static_cast<int>(review.target)) + "|" +
            (review.dry_run ? "dry" : "real") + "\n";
    return text + describe(review.object) + describe(review.old_object);
}

}  // namespace rt::test
