#include "lib/tenancy/object_images.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/image_doors.hpp"

namespace rt::tenancy {
namespace {

/// PodSpec as Go's structure has it (staging/src/k8s.io/api/core/v1/types.go): volumes stand first.
std::vector<ImageDoor> doors_in_api_order() {
    auto const rank = [](ImageDoor const& door) {
        return door.list == "volumes"          ? 0
               : door.list == "initContainers" ? 1
               : door.list == "containers"     ? 2
                                               : 3;
    };
    auto const doors = image_doors();
    std::vector<ImageDoor> ordered(doors.begin(), doors.end());
    std::stable_sort(ordered.begin(), ordered.end(),
                     [&](auto const& left, auto const& right) { return rank(left) < rank(right); });
    return ordered;
}

/// "/spec/template/spec" as "spec.template.spec".
std::string dotted(std::string_view pointer) {
    std::string path(pointer.substr(pointer.empty() ? 0 : 1));
    std::replace(path.begin(), path.end(), '/', '.');
    return path;
}

/// "apps" of "apps/v1", "" of "v1".
std::string_view group_of(std::string_view api_version) {
    std::size_t const slash = api_version.find('/');
    return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

class Collector {
  public:
    Collector(std::string spec, bool is_template)
        : spec_(std::move(spec)), is_template_(is_template) {
        found_.pull_secrets_field = spec_ + ".imagePullSecrets";
    }

    ObjectImages collect(Json const& pod_spec) && {
        if (!pod_spec.is_object()) {
            refuse(spec_, pod_spec, "an object");
            return std::move(found_);
        }
        for (ImageDoor const& door : doors_in_api_order()) {
            collect_door(pod_spec, door);
        }
        collect_pull_secrets(pod_spec);
        return std::move(found_);
    }

  private:
    void refuse(std::string const& field, Json const& value, std::string_view wanted) {
        found_.errors.push_back({field, printable(dump_json(value), 64) + " must be " +
                                            std::string(wanted) + ": correct it"});
    }

    /// The list of that name; nullptr where there is none.
    Json const* list_of(Json const& pod_spec, std::string_view name) {
        Json const* const list = find(pod_spec, name);
        if (list != nullptr && !list->is_array()) {
            refuse(spec_ + '.' + std::string(name), *list, "a list");
            return nullptr;
        }
        return list;
    }

    void collect_door(Json const& pod_spec, ImageDoor const& door) {
        Json const* const list = list_of(pod_spec, door.list);
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            Json const& element = (*list)[i];
            std::string field =
                spec_ + '.' + std::string(door.list) + '[' + std::to_string(i) + ']';
            if (!element.is_object()) {
                refuse(field, element, "an object");
                continue;
            }
            Json const* holder = &element;
            if (!door.object.empty()) {
                holder = find(element, door.object);
                field += '.' + std::string(door.object);
                if (holder == nullptr) {
                    continue;  // a volume of another type
                }
            }
            field += '.' + std::string(door.field);
            Json const* const image = find(*holder, door.field);
            if (image != nullptr && !image->is_string()) {
                refuse(field, *image, "a string (put it in quotes)");
                continue;
            }
            std::string text = image == nullptr ? std::string() : image->get<std::string>();
            // Templates may leave the reference of an image volume to whoever fills them in.
            if (text.empty() && is_template_ && !door.required) {
                continue;
            }
            found_.images.push_back(
                {std::move(field), string_at(element, "name"), std::move(text)});
        }
    }

    void collect_pull_secrets(Json const& pod_spec) {
        Json const* const list = list_of(pod_spec, "imagePullSecrets");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            found_.pull_secrets.push_back(string_at((*list)[i], "name"));
        }
    }

    std::string spec_;
    bool is_template_;
    ObjectImages found_;
};

}  // namespace

std::optional<ObjectImages> images_of(Json const& object) {
    std::string const kind = string_at(object, "kind");
    std::string const api_version = string_at(object, "apiVersion");
    std::string_view const group = group_of(api_version);
    std::string_view pointer;
    bool const is_pod = kind == "Pod" && group.empty();
    if (is_pod) {
        pointer = "/spec";
    }
    for (TemplateKind const& one : template_kinds()) {
        if (kind == one.kind && group == one.group) {
            pointer = one.pod_spec;
        }
    }
    if (pointer.empty()) {
        return std::nullopt;
    }
    Json const* pod_spec = &object;
    for (std::string_view const part : split(pointer.substr(1), '/')) {
        pod_spec = find(*pod_spec, part);
        if (pod_spec == nullptr) {
            ObjectImages nothing;
            nothing.errors.push_back({dotted(pointer), "is missing: add it"});
            return nothing;
        }
    }
    return Collector(dotted(pointer), !is_pod).collect(*pod_spec);
}

}  // namespace rt::tenancy
