#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Fields that bring an image onto a node, each tried somewhere in this suite.
std::set<std::string> const doors = {
    "io.k8s.api.core.v1.Container.image", "io.k8s.api.core.v1.EphemeralContainer.image",
    "io.k8s.api.core.v1.ImageVolumeSource.reference",
    "io.k8s.api.core.v1.Volume.image",  // holds the ImageVolumeSource
};

/// Fields that sound like it and aren't, with the reason.
std::map<std::string, std::string> const no_doors = {
    {"io.k8s.api.core.v1.Container.imagePullPolicy", "when to pull, not what"},
    {"io.k8s.api.core.v1.EphemeralContainer.imagePullPolicy", "when to pull, not what"},
    {"io.k8s.api.core.v1.PodSpec.imagePullSecrets",
     "with what to pull; judged by the tenancy's imagePullSecrets"},
    {"io.k8s.api.core.v1.ServiceAccount.imagePullSecrets",
     "copied into Pods, where they are judged"},
    {"io.k8s.api.core.v1.ContainerStatus.image", "status, written by the kubelet"},
    {"io.k8s.api.core.v1.ContainerStatus.imageID", "status, written by the kubelet"},
    {"io.k8s.api.core.v1.NodeSystemInfo.osImage", "status: the node's operating system"},
    {"io.k8s.api.core.v1.NodeStatus.images", "status: what a node has cached"},
    {"io.k8s.api.core.v1.VolumeStatus.image", "status, written by the kubelet"},
    {"io.k8s.api.core.v1.VolumeMountStatus.image", "status, written by the kubelet"},
    {"io.k8s.api.core.v1.ImageVolumeStatus.imageRef", "status, written by the kubelet"},
    {"io.k8s.api.core.v1.RBDVolumeSource.image", "a Ceph block device"},
    {"io.k8s.api.core.v1.RBDPersistentVolumeSource.image", "a Ceph block device"},
};

/// Kinds that hold a PodSpec and need no judgement, with the reason.
std::map<std::string, std::string> const no_templates = {
    {"/PodTemplate", "nothing in Kubernetes makes Pods from it; Pods of others are judged"},
};

using Schemas = std::map<std::string, Json>;

/// All schemas of all built-in groups, by name.
Schemas live_schemas() {
    Schemas schemas;
    auto const index = kubectl({"get", "--raw", "/openapi/v3"});
    EXPECT_TRUE(done(index));
    Json const documents = Json::parse(index.out)["paths"];
    for (auto const& [path, document] : documents.items()) {
        // Built-in groups have no dot, or end in k8s.io; others are custom resources.
        bool const custom = path.starts_with("apis/") && path.find('.') != std::string::npos &&
                            path.find("k8s.io/") == std::string::npos;
        if (custom || (!path.starts_with("api/") && !path.starts_with("apis/"))) {
            continue;
        }
        auto const text = kubectl({"get", "--raw", "/openapi/v3/" + path});
        EXPECT_TRUE(done(text)) << path;
        Json const parsed = Json::parse(text.out);
        if (parsed.contains("components")) {
            for (auto const& [name, schema] : parsed["components"]["schemas"].items()) {
                schemas.emplace(name, schema);
            }
        }
    }
    return schemas;
}

bool sounds_like_an_image(std::string const& schema, std::string const& field) {
    std::string lower = field;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    bool const in_image = schema.find("Image") != std::string::npos;
    return lower.find("image") != std::string::npos ||
           (in_image && (lower == "reference" || lower == "names" || lower == "ref"));
}

/// The names of schemas that a schema refers to, anywhere.
void references(Json const& value, std::set<std::string>& names) {
    if (value.is_object()) {
        if (value.contains("$ref") && value["$ref"].is_string()) {
            std::string const ref = value["$ref"];
            names.insert(ref.substr(ref.rfind('/') + 1));
        }
        for (auto const& [key, child] : value.items()) {
            references(child, names);
        }
    } else if (value.is_array()) {
        for (Json const& child : value) {
            references(child, names);
        }
    }
}

/// Whether `from` holds a PodSpec.
bool reaches_pod_spec(Schemas const& schemas, std::string const& from,
                      std::set<std::string>& visited) {
    if (from == "io.k8s.api.core.v1.PodSpec") {
        return true;
    }
    auto const found = schemas.find(from);
    if (found == schemas.end() || !visited.insert(from).second) {
        return false;
    }
    std::set<std::string> names;
    references(found->second, names);
    return std::any_of(names.begin(), names.end(), [&](std::string const& name) {
        return reaches_pod_spec(schemas, name, visited);
    });
}

class ApiServer : public TenancyTest {};

TEST_F(ApiServer, has_no_image_field_that_we_do_not_know) {
    Schemas const schemas = live_schemas();
    ASSERT_GT(schemas.size(), 300U) << "too little was read to prove anything";
    std::set<std::string> met;
    for (auto const& [schema, content] : schemas) {
        if (!content.contains("properties")) {
            continue;
        }
        for (auto const& [field, type] : content["properties"].items()) {
            std::string const name = schema + "." + field;
            if (!sounds_like_an_image(schema, field)) {
                continue;
            }
            met.insert(name);
            bool const status =
                schema.ends_with("Status") || schema == "io.k8s.api.core.v1.ContainerImage";
            EXPECT_TRUE(doors.contains(name) || no_doors.contains(name) || status)
                << name << ": " << content["properties"][field].dump()
                << "\nIs it a way to bring an image onto a node? Then it belongs into the table of "
                   "image doors (lib/tenancy/image_doors.cpp) and here; otherwise here, with the "
                   "reason.";
        }
    }
    for (std::string const& door : doors) {
        EXPECT_TRUE(met.contains(door)) << door << " is gone: take it out of the table";
    }
}

TEST_F(ApiServer, has_no_kind_with_a_pod_spec_that_we_do_not_judge) {
    Schemas const schemas = live_schemas();
    auto const configuration = get("validatingwebhookconfiguration", "registry-tenancy");
    ASSERT_TRUE(configuration);
    std::set<std::string> judged;
    for (Json const& rule : (*configuration)["webhooks"][0]["rules"]) {
        for (Json const& resource : rule["resources"]) {
            judged.insert(rule["apiGroups"][0].get<std::string>() + "/" +
                          resource.get<std::string>());
        }
    }
    std::size_t kinds = 0;
    for (auto const& [schema, content] : schemas) {
        if (!content.contains("x-kubernetes-group-version-kind") || schema.ends_with("List")) {
            continue;
        }
        std::set<std::string> visited;
        if (!reaches_pod_spec(schemas, schema, visited)) {
            continue;
        }
        for (Json const& type : content["x-kubernetes-group-version-kind"]) {
            std::string const group = type["group"];
            std::string const kind = type["kind"];
            std::string plural = kind + "s";
            std::transform(plural.begin(), plural.end(), plural.begin(), [](unsigned char letter) {
                return static_cast<char>(std::tolower(letter));
            });
            ++kinds;
            EXPECT_TRUE(judged.contains(group + "/" + plural) ||
                        no_templates.contains(group + "/" + kind))
                << kind << " of group \"" << group
                << "\" holds a PodSpec, and no webhook rule names it";
        }
    }
    EXPECT_GE(kinds, 8U);
    EXPECT_TRUE(judged.contains("/pods/ephemeralcontainers"));
}

}  // namespace
}  // namespace e2e
