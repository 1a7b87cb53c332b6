#include "lib/tenancy/custom_kinds.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/image_doors.hpp"

namespace rt::tenancy {
namespace {

/// Readers of objects follow 64 levels, and a PodSpec needs some of them.
constexpr std::size_t steps_max = 24;
constexpr std::size_t step_bytes_max = 63;
constexpr std::size_t path_bytes_max = 512;
/// RayJob, the kind with most of them that we know, has three.
constexpr std::size_t paths_max = 16;

constexpr std::string_view every = "*";

bool is_member_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '-';
}

Error bad_path(std::string_view text, std::string const& what) {
    return invalid_argument(in_quotes(text) + ' ' + what);
}

/// Why two paths of a kind can't stand together; empty: they can.
std::string clash(TemplatePath const& left, TemplatePath const& right) {
    auto const [l, r] =
        std::mismatch(left.steps.begin(), left.steps.end(), right.steps.begin(), right.steps.end());
    if (l == left.steps.end() || r == right.steps.end()) {
        return "reach into each other: leave out one of them";
    }
    if (*l == every || *r == every) {
        return "take the same list, once with [*] and once with a name: write [*] in both";
    }
    return {};
}

CustomKinds make_shipped() {
    struct Shipped {
        std::string_view name;
        std::vector<std::string> paths;
    };
    std::vector<Shipped> const shipped{
        {"apps.kruise.io/clonesets", {"spec.template"}},
        {"apps.kruise.io/daemonsets", {"spec.template"}},
        {"apps.kruise.io/statefulsets", {"spec.template"}},
        {"argoproj.io/rollouts", {"spec.template"}},
        {"batch.volcano.sh/jobs", {"spec.tasks[*].template"}},
        {"jobset.x-k8s.io/jobsets", {"spec.replicatedJobs[*].template.spec.template"}},
        {"kubeflow.org/mpijobs", {"spec.mpiReplicaSpecs[*].template"}},
        {"kubeflow.org/pytorchjobs", {"spec.pytorchReplicaSpecs[*].template"}},
        {"kubeflow.org/tfjobs", {"spec.tfReplicaSpecs[*].template"}},
        {"ray.io/rayclusters",
         {"spec.headGroupSpec.template", "spec.workerGroupSpecs[*].template",
          "spec.autoscalerOptions.image"}},
        {"ray.io/rayjobs",
         {"spec.rayClusterSpec.headGroupSpec.template",
          "spec.rayClusterSpec.workerGroupSpecs[*].template",
          "spec.rayClusterSpec.autoscalerOptions.image", "spec.submitterPodTemplate"}},
        {"ray.io/rayservices",
         {"spec.rayClusterConfig.headGroupSpec.template",
          "spec.rayClusterConfig.workerGroupSpecs[*].template",
          "spec.rayClusterConfig.autoscalerOptions.image"}},
        {"serving.knative.dev/services", {"spec.template"}},
    };
    CustomKinds kinds;
    for (Shipped const& one : shipped) {
        // What stands above is right; a unit test reads all of it.
        if (auto kind = CustomKind::parse(one.name, one.paths)) {
            put_custom_kind(kinds, *std::move(kind));
        }
    }
    return kinds;
}

auto key_of(CustomKind const& kind) {
    return std::tuple<std::string_view, std::string_view>(kind.group, kind.resource);
}

}  // namespace

Result<TemplatePath> TemplatePath::parse(std::string_view text) {
    if (text.empty() || text.size() > path_bytes_max) {
        return fail(bad_path(text, "is no path: write one like spec.template, of at most " +
                                       std::to_string(path_bytes_max) + " characters"));
    }
    TemplatePath path;
    std::size_t at = 0;
    while (true) {
        std::size_t const begin = at;
        while (at < text.size() && is_member_character(text[at])) {
            ++at;
        }
        if (at == begin || at - begin > step_bytes_max) {
            return fail(bad_path(text,
                                 "is no path: members of at most 63 letters, digits, _ and -, with "
                                 "a dot between them and none before, as in spec.template"));
        }
        path.steps.emplace_back(text.substr(begin, at - begin));
        while (text.substr(at).starts_with("[*]")) {
            path.steps.emplace_back(every);
            at += 3;
        }
        if (at == text.size()) {
            break;
        }
        if (text[at] != '.') {
            return fail(bad_path(text,
                                 "is no path: of lists and maps only every element can be "
                                 "taken, as in spec.tasks[*].template"));
        }
        ++at;
    }
    if (path.steps.size() > steps_max) {
        return fail(
            bad_path(text, "is too deep: take at most " + std::to_string(steps_max) + " members"));
    }
    for (std::string_view const never : {"apiVersion", "kind", "metadata", "status"}) {
        if (path.steps.front() == never) {
            return fail(
                bad_path(text, "begins with " + std::string(never) +
                                   ", where no Pod is described: write the path of a template, "
                                   "which mostly begins with spec"));
        }
    }
    return path;
}

std::string TemplatePath::str() const {
    std::string text;
    for (std::string const& step : steps) {
        text += step == every ? "[*]" : (text.empty() ? "" : ".") + step;
    }
    return text;
}

Result<CustomKind> CustomKind::parse(std::string_view name, std::vector<std::string> const& paths) {
    auto const slash = name.find('/');
    CustomKind kind;
    kind.group = name.substr(0, slash);
    kind.resource = slash == std::string_view::npos ? "" : name.substr(slash + 1);
    if (!is_dns_label(kind.resource)) {
        return fail(bad_path(name,
                             "is no kind: write its group, a slash and the plural of its name in "
                             "lower case, as in argoproj.io/rollouts"));
    }
    for (TemplateKind const& built_in : template_kinds()) {
        if (built_in.group == kind.group && built_in.resource == kind.resource) {
            return fail(bad_path(name, "is built in and always judged: leave it out"));
        }
    }
    if (!is_dns_subdomain(kind.group) || kind.group.find('.') == std::string::npos) {
        return fail(bad_path(name,
                             "has no group that a custom kind can have: write it as in "
                             "argoproj.io/rollouts"));
    }
    if (paths.size() > paths_max) {
        return fail(bad_path(name, "has " + std::to_string(paths.size()) +
                                       " paths: " + std::to_string(paths_max) + " are the most"));
    }
    for (std::string const& text : paths) {
        RT_TRY(TemplatePath path, TemplatePath::parse(text));
        for (TemplatePath const& other : kind.paths) {
            if (std::string const problem = clash(other, path); !problem.empty()) {
                return fail(bad_path(other.str(), "and " + in_quotes(text) + ' ' + problem));
            }
        }
        kind.paths.push_back(std::move(path));
    }
    return kind;
}

CustomKinds const& shipped_custom_kinds() {
    static CustomKinds const kinds = make_shipped();
    return kinds;
}

void put_custom_kind(CustomKinds& kinds, CustomKind kind) {
    auto at = std::lower_bound(kinds.begin(), kinds.end(), kind,
                               [](CustomKind const& left, CustomKind const& right) {
                                   return key_of(left) < key_of(right);
                               });
    if (at != kinds.end() && key_of(*at) == key_of(kind)) {
        at = kinds.erase(at);
    }
    if (!kind.paths.empty()) {
        kinds.insert(at, std::move(kind));
    }
}

CustomKind const* find_custom_kind(CustomKinds const& kinds, std::string_view group,
                                   std::string_view resource) {
    auto const found = std::find_if(kinds.begin(), kinds.end(), [&](CustomKind const& kind) {
        return kind.resource == resource && kind.group == group;
    });
    return found == kinds.end() ? nullptr : &*found;
}

}  // namespace rt::tenancy
