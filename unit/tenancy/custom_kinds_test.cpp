#include "lib/tenancy/custom_kinds.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace rt::tenancy {
namespace {

TEST(TemplatePath, IsReadAndWrittenBack) {
    struct Case {
        std::string text;
        std::vector<std::string> steps;
    };
    for (auto const& [text, steps] : std::vector<Case>{
             {"spec", {"spec"}},
             {"spec.template", {"spec", "template"}},
             {"spec.tasks[*].template", {"spec", "tasks", "*", "template"}},
             {"spec.grid[*][*].pod-spec", {"spec", "grid", "*", "*", "pod-spec"}},
             {"spec.images[*]", {"spec", "images", "*"}},
         }) {
        auto const path = TemplatePath::parse(text);
        ASSERT_TRUE(path) << text << ": " << path.error().message;
        EXPECT_EQ(path->steps, steps);
        EXPECT_EQ(path->str(), text);
    }
}

TEST(TemplatePath, RefusesEverythingElseWithTheFix) {
    struct Case {
        std::string text;
        std::string part;
    };
    for (auto const& [text, part] : std::vector<Case>{
             {"", "write one like spec.template"},
             {std::string(513, 'a'), "at most 512"},
             {std::string(64, 'a'), "at most 63 letters"},
             {".spec.template", "none before"},
             {"$.spec", "none before"},
             {"/spec/template", "none before"},
             {"spec..template", "none before"},
             {"spec.", "none before"},
             {"spec.tasks[0].template", "only every element"},
             {"spec.tasks[*]template", "only every element"},
             {"spec.tasks.*.template", "none before"},
             {"spec['tasks']", "only every element"},
             {"spec template", "only every element"},
             {"metadata.annotations", "begins with metadata"},
             {"status.image", "begins with status"},
             {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "too deep"},
         }) {
        auto const path = TemplatePath::parse(text);
        ASSERT_FALSE(path) << text;
        EXPECT_NE(path.error().message.find(part), std::string::npos) << path.error().message;
    }
}

TEST(CustomKind, RefusesNamesAndPathsThatCannotWork) {
    struct Case {
        std::string name;
        std::vector<std::string> paths;
        std::string part;
    };
    for (auto const& [name, paths, part] : std::vector<Case>{
             {"rollouts", {"spec"}, "is no kind"},
             {"rollouts.argoproj.io", {"spec"}, "is no kind"},
             {"argoproj.io/", {"spec"}, "is no kind"},
             {"argoproj.io/Rollouts", {"spec"}, "is no kind"},
             {"argoproj.io/rollouts/scale", {"spec"}, "is no kind"},
             {"argoproj.io/*", {"spec"}, "is no kind"},
             {"apps/deployments", {"spec"}, "built in"},
             {"/pods", {"spec"}, "no group"},
             {"batch/foos", {"spec"}, "no group"},
             {"Argoproj.io/rollouts", {"spec"}, "no group"},
             {"a.io/b", {"spec.template", "spec.template"}, "reach into each other"},
             {"a.io/b", {"spec.template.spec", "spec.template"}, "reach into each other"},
             {"a.io/b", {"spec.a[*].b", "spec.a.c"}, "once with [*]"},
             {"a.io/b", std::vector<std::string>(17, "spec"), "17 paths"},
         }) {
        auto const kind = CustomKind::parse(name, paths);
        ASSERT_FALSE(kind) << name;
        EXPECT_NE(kind.error().message.find(part), std::string::npos) << kind.error().message;
        EXPECT_EQ(kind.error().message.find('\n'), std::string::npos);
    }
    EXPECT_TRUE(CustomKind::parse("a.io/b", {"spec.a[*].b", "spec.a[*].c", "spec.b"}));
}

TEST(ShippedCustomKinds, AreAllThereInOrderAndReadable) {
    CustomKinds const& shipped = shipped_custom_kinds();
    EXPECT_EQ(shipped.size(), 13U) << "one of them cannot be read";
    for (char const* const name :
         {"apps.kruise.io/clonesets", "apps.kruise.io/statefulsets", "apps.kruise.io/daemonsets",
          "argoproj.io/rollouts", "serving.knative.dev/services", "ray.io/rayclusters",
          "ray.io/rayjobs", "ray.io/rayservices", "kubeflow.org/pytorchjobs", "kubeflow.org/tfjobs",
          "kubeflow.org/mpijobs", "jobset.x-k8s.io/jobsets", "batch.volcano.sh/jobs"}) {
        std::string const text(name);
        auto const slash = text.find('/');
        auto const* const kind =
            find_custom_kind(shipped, text.substr(0, slash), text.substr(slash + 1));
        ASSERT_NE(kind, nullptr) << name;
        EXPECT_EQ(kind->name(), name);
        EXPECT_FALSE(kind->paths.empty());
    }
    EXPECT_TRUE(std::is_sorted(shipped.begin(), shipped.end(),
                               [](CustomKind const& left, CustomKind const& right) {
                                   return left.name() < right.name();
                               }));
    EXPECT_EQ(find_custom_kind(shipped, "argoproj.io", "rollout"), nullptr);
}

TEST(ShippedCustomKinds, GiveWayToTheSettings) {
    CustomKinds kinds = shipped_custom_kinds();
    put_custom_kind(kinds, *CustomKind::parse("argoproj.io/rollouts", {"spec.pod"}));
    put_custom_kind(kinds, *CustomKind::parse("ray.io/rayjobs", {}));
    put_custom_kind(kinds, *CustomKind::parse("example.com/things", {"spec.image"}));
    EXPECT_EQ(kinds.size(), shipped_custom_kinds().size());
    EXPECT_EQ(find_custom_kind(kinds, "argoproj.io", "rollouts")->paths.front().str(), "spec.pod");
    EXPECT_EQ(find_custom_kind(kinds, "ray.io", "rayjobs"), nullptr);
    EXPECT_NE(find_custom_kind(kinds, "example.com", "things"), nullptr);
}

}  // namespace
}  // namespace rt::tenancy
