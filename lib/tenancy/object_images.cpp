#include "lib/tenancy/object_images.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

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

/// What may name no image: in Pods nothing, in templates image volumes, which whoever makes the
/// Pods fills in; in custom kinds anything, whose controllers may have defaults.
enum class MayBeEmpty { Nothing, ImageVolumes, Everything };

class Collector {
  public:
    Collector(std::string spec, MayBeEmpty may_be_empty)
        : spec_(std::move(spec)), may_be_empty_(may_be_empty) {
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
            bool const optional = may_be_empty_ == MayBeEmpty::Everything ||
                                  (may_be_empty_ == MayBeEmpty::ImageVolumes && !door.required);
            if (text.empty() && optional) {
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
    MayBeEmpty may_be_empty_;
    ObjectImages found_;
};

/// Follows the paths of a custom kind; what stands at their ends shows by itself what it is.
class CustomCollector {
  public:
    ObjectImages collect(Json const& object, CustomKind const& kind) && {
        for (TemplatePath const& path : kind.paths) {
            follow(object, path.steps, std::string());
        }
        return std::move(found_);
    }

  private:
    void follow(Json const& value, std::span<std::string const> steps, std::string const& place) {
        if (value.is_null()) {
            return;
        }
        if (steps.empty()) {
            end(value, place);
            return;
        }
        auto const rest = steps.subspan(1);
        if (steps.front() != "*") {
            if (!value.is_object()) {
                refuse(value, place, "an object");
            } else if (Json const* const member = find(value, steps.front())) {
                follow(*member, rest, (place.empty() ? "" : place + '.') + steps.front());
            }
        } else if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i) {
                follow(value[i], rest, place + '[' + std::to_string(i) + ']');
            }
        } else if (value.is_object()) {
            for (auto const& [key, member] : value.items()) {
                follow(member, rest, place + '.' + printable(key, 63));
            }
        } else {
            refuse(value, place, "a list or an object");
        }
    }

    void end(Json const& value, std::string const& place) {
        if (value.is_string()) {
            if (!value.get_ref<std::string const&>().empty()) {
                found_.images.push_back({place, "", value.get<std::string>()});
            }
            return;
        }
        if (!value.is_object()) {
            refuse(value, place, "an object or a string");
            return;
        }
        add(Collector(place, MayBeEmpty::Everything).collect(value));
        if (Json const* const spec = find(value, "spec")) {
            add(Collector(place + ".spec", MayBeEmpty::Everything).collect(*spec));
        }
    }

    void add(ObjectImages more) {
        // Of a pod template, `spec` has the Secrets; the template itself has none.
        if (found_.pull_secrets.empty()) {
            found_.pull_secrets_field = std::move(more.pull_secrets_field);
        }
        std::move(more.images.begin(), more.images.end(), std::back_inserter(found_.images));
        std::move(more.pull_secrets.begin(), more.pull_secrets.end(),
                  std::back_inserter(found_.pull_secrets));
        std::move(more.errors.begin(), more.errors.end(), std::back_inserter(found_.errors));
    }

    void refuse(Json const& value, std::string const& place, std::string_view wanted) {
        found_.errors.push_back({place, printable(dump_json(value), 64) + " must be " +
                                            std::string(wanted) + ": correct it"});
    }

    ObjectImages found_;
};

}  // namespace

std::string guessed_plural(std::string_view kind) {
    std::string plural;
    for (char const letter : kind) {
        plural += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    if (plural.ends_with('s')) {
        return plural + "es";
    }
    if (plural.ends_with('y')) {
        plural.pop_back();
        return plural + "ies";
    }
    return plural + 's';
}

ObjectImages images_of_custom(Json const& object, CustomKind const& kind) {
    return CustomCollector().collect(object, kind);
}

std::optional<ObjectImages> images_of(Json const& object, CustomKinds const& kinds) {
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
        CustomKind const* const custom =
            kind.empty() ? nullptr : find_custom_kind(kinds, group, guessed_plural(kind));
        return custom == nullptr ? std::nullopt : std::optional(images_of_custom(object, *custom));
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
    return Collector(dotted(pointer), is_pod ? MayBeEmpty::Nothing : MayBeEmpty::ImageVolumes)
        .collect(*pod_spec);
}

}  // namespace rt::tenancy
