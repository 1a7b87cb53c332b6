#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace rt::tenancy {

/// Where in an object something stands that becomes Pods: a pod template, a PodSpec, or the text of
/// an image. Which of the three it is, the value itself shows.
struct TemplatePath {
    /// Members from the root of the object; "*" is every element of a list or member of a map.
    std::vector<std::string> steps;

    /// Reads "spec.workerGroupSpecs[*].template". The error is one clause, with the fix.
    static Result<TemplatePath> parse(std::string_view text);
    /// What parse() reads.
    [[nodiscard]] std::string str() const;
    bool operator==(TemplatePath const&) const = default;
};

/// A kind that Kubernetes doesn't know by itself and that carries pod templates, in any version.
struct CustomKind {
    std::string group;
    std::string resource;  ///< plural
    std::vector<TemplatePath> paths;

    /// Reads "argoproj.io/rollouts" and its paths. The error is one clause, with the fix.
    static Result<CustomKind> parse(std::string_view name, std::vector<std::string> const& paths);
    /// "argoproj.io/rollouts"
    [[nodiscard]] std::string name() const { return group + "/" + resource; }
    bool operator==(CustomKind const&) const = default;
};

/// Sorted by group and resource.
using CustomKinds = std::vector<CustomKind>;

/// The kinds that are judged unless settings say otherwise: OpenKruise, Argo Rollouts, Knative,
/// Ray, Kubeflow, JobSet and Volcano. Kinds that a cluster doesn't have do no harm.
[[nodiscard]] CustomKinds const& shipped_custom_kinds();

/// Adds `kind`, in place of one of the same name; one without paths only removes that.
void put_custom_kind(CustomKinds& kinds, CustomKind kind);

/// nullptr where there is none.
[[nodiscard]] CustomKind const* find_custom_kind(CustomKinds const& kinds, std::string_view group,
                                                 std::string_view resource);

}  // namespace rt::tenancy
