#include "webhook/admission/json_patch.hpp"

#include "lib/tenancy/image_doors.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::webhook {
namespace {

void append_operation(std::string& patch, std::string_view path, std::string_view value) {
    patch += patch.empty() ? "[" : ",";
    patch += R"({"op":"add","path":")";
    patch += path;
    patch += R"(","value":)";
    patch += value;
    patch += "}";
}

/// "add" on a member sets it, whether it is there or not (RFC 6902 section 4.1).
void append_pull_policies(std::string& patch, Review const& review) {
    for (ContainerImage const& image : review.object.pod.images) {
        if (image.pull_policy == "Always") {
            continue;
        }
        auto const& door = tenancy::image_doors()[image.door];
        std::string path(review.pod_spec);
        path += "/" + std::string(door.list) + "/" + std::to_string(image.index);
        path += door.object.empty() ? "/imagePullPolicy"
                                    : "/" + std::string(door.object) + "/pullPolicy";
        append_operation(patch, path, R"("Always")");
    }
}

}  // namespace

std::string json_patch(Review const& review, Injection const& injection) {
    std::string patch;
    if (injection.pull_secret) {
        std::string const entry = R"({"name":")" + std::string(tenancy::pull_secret_name) + R"("})";
        std::string const list = std::string(review.pod_spec) + "/imagePullSecrets";
        if (review.object.pod.has_pull_secrets) {
            append_operation(patch, list + "/-", entry);
        } else {
            append_operation(patch, list, "[" + entry + "]");
        }
    }
    if (injection.pull_always) {
        append_pull_policies(patch, review);
    }
    if (!patch.empty()) {
        patch += "]";
    }
    return patch;
}

}  // namespace rt::webhook
