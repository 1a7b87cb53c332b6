#include "cli/workloads.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/kube/client/discovery.hpp"
#include "lib/tenancy/image_doors.hpp"
#include "lib/tenancy/object_images.hpp"

namespace rt::cli {
namespace {

/// A page of 500 Pods has about 8 MB.

/// Workloads before what their controllers make.
void add_built_in(std::vector<kube::ResourceType>& types) {
    for (auto const& kind : tenancy::template_kinds()) {
        types.push_back({std::string(kind.group), std::string(kind.version),
                         std::string(kind.resource), std::string(kind.kind), true});
    }
    types.push_back(kube::types::pods);
}

bool has_ended(Json const& object) {
    Json const* const status = find(object, "status");
    std::string const phase = status == nullptr ? "" : string_at(*status, "phase");
    return phase == "Succeeded" || phase == "Failed";
}

std::set<std::string> images_in(Json const& object, tenancy::CustomKinds const& custom) {
    std::set<std::string> images;
    if (auto const found = tenancy::images_of(object, custom)) {
        for (auto const& image : found->images) {
            images.insert(image.image);
        }
    }
    return images;
}

}  // namespace

Result<WorkloadKinds> workload_kinds(kube::Client& client, tenancy::CustomKinds const& custom) {
    std::vector<kube::GroupResource> wanted;
    for (auto const& kind : custom) {
        wanted.push_back({kind.group, kind.resource});
    }
    RT_TRY(auto const types, kube::discover(client, wanted, {}));
    WorkloadKinds kinds;
    for (std::size_t i = 0; i < types.size(); ++i) {
        tenancy::CustomKind kind = custom[i];
        if (types[i] && types[i]->namespaced) {
            kinds.types.push_back(*types[i]);
            kind.resource = tenancy::guessed_plural(types[i]->kind);
        }
        tenancy::put_custom_kind(kinds.custom, std::move(kind));
    }
    add_built_in(kinds.types);
    return kinds;
}

Result<std::vector<Document>> workloads_in(kube::Client& client, WorkloadKinds const& kinds,
                                           std::string const& ns) {
    std::vector<Document> found;
    /// Images by the uid of who names them; of those left out their owner's count, too.
    std::map<std::string, std::set<std::string>> told;
    for (auto const& type : kinds.types) {
        kube::ListOptions options;
        options.ns = ns;
        auto objects = list_objects(client, type, options);
        if (!objects && objects.error().kind == ErrorKind::NotFound) {
            continue;
        }
        if (!objects) {
            return fail(objects.error());
        }
        for (Json& object : *objects) {
            auto const meta = kube::meta_of(object);
            auto images = images_in(object, kinds.custom);
            bool const same_as_owner = meta.controller && told.contains(meta.controller->uid) &&
                                       told.at(meta.controller->uid) == images;
            told[meta.uid] = std::move(images);
            if (!same_as_owner && !has_ended(object)) {
                found.push_back({"", 0, std::make_shared<Json>(std::move(object)), {}});
            }
        }
    }
    return found;
}

}  // namespace rt::cli
