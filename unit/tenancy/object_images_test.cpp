#include "lib/tenancy/object_images.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/tenancy/image_doors.hpp"

namespace rt::tenancy {
namespace {

/// A PodSpec with one image in each door, named after it.
Json full_pod_spec() {
    Json spec = Json::object();
    for (ImageDoor const& door : image_doors()) {
        Json const image = {{door.field, "of-" + std::string(door.list)}};
        Json element = door.object.empty() ? image : Json{{door.object, image}};
        element["name"] = "n";
        spec[std::string(door.list)] = Json::array({Json::object(), element});
    }
    return spec;
}

Json wrapped(TemplateKind const& kind, Json const& pod_spec) {
    Json object = {{"apiVersion", std::string(kind.group) + (kind.group.empty() ? "" : "/") +
                                      std::string(kind.version)},
                   {"kind", kind.kind}};
    object[Json::json_pointer(std::string(kind.pod_spec))] = pod_spec;
    return object;
}

TEST(ObjectImages, FindsEveryDoorOfEveryKind) {
    for (TemplateKind const& kind : template_kinds()) {
        auto const found = images_of(wrapped(kind, full_pod_spec()));
        ASSERT_TRUE(found) << kind.kind;
        EXPECT_TRUE(found->errors.empty());
        for (ImageDoor const& door : image_doors()) {
            std::string const image = "of-" + std::string(door.list);
            auto const at =
                std::find_if(found->images.begin(), found->images.end(),
                             [&](ObjectImage const& one) { return one.image == image; });
            ASSERT_NE(at, found->images.end()) << kind.kind << ' ' << image;
            EXPECT_EQ(at->name, "n");
            // The path leads to the image: what the pointer says, in the words of API errors.
            std::string const end = std::string(door.list) + "[1]." + std::string(door.object) +
                                    (door.object.empty() ? "" : ".") + std::string(door.field);
            EXPECT_TRUE(at->field.ends_with(end)) << at->field;
        }
    }
}

TEST(ObjectImages, ComeInTheOrderInWhichTheApiServerSendsThem) {
    auto const found = images_of({{"apiVersion", "v1"},
                                  {"kind", "Pod"},
                                  {"spec",
                                   {{"containers", {{{"name", "c"}, {"image", "c"}}}},
                                    {"initContainers", {{{"name", "i"}, {"image", "i"}}}},
                                    {"ephemeralContainers", {{{"name", "e"}, {"image", "e"}}}},
                                    {"volumes",
                                     {{{"name", "v"}, {"image", {{"reference", "v"}}}},
                                      {{"name", "empty"}, {"emptyDir", Json::object()}}}},
                                    {"imagePullSecrets", {{{"name", "s"}}}}}}});
    ASSERT_TRUE(found);
    std::vector<ObjectImage> const expected{{"spec.volumes[0].image.reference", "v", "v"},
                                            {"spec.initContainers[0].image", "i", "i"},
                                            {"spec.containers[0].image", "c", "c"},
                                            {"spec.ephemeralContainers[0].image", "e", "e"}};
    EXPECT_EQ(found->images, expected);
    EXPECT_EQ(found->pull_secrets, std::vector<std::string>{"s"});
    EXPECT_EQ(found->pull_secrets_field, "spec.imagePullSecrets");
}

TEST(ObjectImages, OtherKindsAreNotJudged) {
    for (Json const& object : std::vector<Json>{
             {{"apiVersion", "v1"}, {"kind", "ConfigMap"}},
             {{"apiVersion", "apps/v1"}, {"kind", "Pod"}},
             {{"apiVersion", "example.com/v1"}, {"kind", "Deployment"}},
             {{"kind", 3}},
             Json::object(),
             Json::array(),
         }) {
        EXPECT_FALSE(images_of(object)) << object;
    }
}

TEST(ObjectImages, WrongTypesAreErrorsThatNameTheField) {
    struct Case {
        Json spec;
        std::string field;
    };
    for (auto const& [spec, field] : std::vector<Case>{
             {nullptr, "spec"},
             {"x", "spec"},
             {{{"containers", Json::object()}}, "spec.containers"},
             {{{"containers", {1}}}, "spec.containers[0]"},
             {{{"containers", {{{"image", 1.5}}}}}, "spec.containers[0].image"},
             {{{"volumes", {{{"image", {{"reference", true}}}}}}},
              "spec.volumes[0].image.reference"},
             {{{"imagePullSecrets", "x"}}, "spec.imagePullSecrets"},
         }) {
        auto const found = images_of({{"apiVersion", "v1"}, {"kind", "Pod"}, {"spec", spec}});
        ASSERT_TRUE(found);
        ASSERT_EQ(found->errors.size(), 1U) << spec;
        EXPECT_EQ(found->errors.front().pointer, field);
    }
}

TEST(ObjectImages, OnlyTemplatesMayLeaveTheReferenceOfAnImageVolumeOpen) {
    Json const spec = {{"volumes", {{{"name", "v"}, {"image", Json::object()}}}}};
    auto const pod = images_of({{"apiVersion", "v1"}, {"kind", "Pod"}, {"spec", spec}});
    auto const job = images_of(
        {{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"spec", {{"template", {{"spec", spec}}}}}});
    EXPECT_EQ(pod->images.size(), 1U);
    EXPECT_TRUE(job->images.empty());
    EXPECT_TRUE(job->errors.empty());
}

TEST(ObjectImages, OfCustomKindsAreFoundByTheirPaths) {
    auto const shown = [](Json const& object) {
        auto const found = images_of(object);
        std::string text;
        for (auto const& image : found ? found->images : std::vector<ObjectImage>()) {
            text += image.field + "=" + image.image + ";";
        }
        for (auto const& secret : found ? found->pull_secrets : std::vector<std::string>()) {
            text += found->pull_secrets_field + ":" + secret + ";";
        }
        for (auto const& error : found ? found->errors : FieldErrors()) {
            text += error.pointer + "!";
        }
        return found ? text : "not judged";
    };
    Json const pod = Json::parse(
        R"({"spec": {"containers": [{"name": "c", "image": "i"}, {"name": "later"}],
                     "imagePullSecrets": [{"name": "s"}]}})");
    Json const rollout = {
        {"apiVersion", "argoproj.io/v1alpha1"}, {"kind", "Rollout"}, {"spec", {{"template", pod}}}};
    EXPECT_EQ(shown(rollout),
              "spec.template.spec.containers[0].image=i;spec.template.spec.imagePullSecrets:s;");
    EXPECT_EQ(shown({{"apiVersion", "ray.io/v1"},
                     {"kind", "RayCluster"},
                     {"spec",
                      {{"headGroupSpec", {{"template", {{"spec", pod["spec"]}}}}},
                       {"workerGroupSpecs", {nullptr, {{"template", {{"spec", pod["spec"]}}}}}},
                       {"autoscalerOptions", {{"image", "a"}}}}}}),
              "spec.headGroupSpec.template.spec.containers[0].image=i;"
              "spec.workerGroupSpecs[1].template.spec.containers[0].image=i;"
              "spec.autoscalerOptions.image=a;"
              "spec.headGroupSpec.template.spec.imagePullSecrets:s;"
              "spec.headGroupSpec.template.spec.imagePullSecrets:s;");
    EXPECT_EQ(shown({{"apiVersion", "kubeflow.org/v1"},
                     {"kind", "MPIJob"},
                     {"spec", {{"mpiReplicaSpecs", {{"Launcher", {{"template", pod}}}}}}}}),
              "spec.mpiReplicaSpecs.Launcher.template.spec.containers[0].image=i;"
              "spec.mpiReplicaSpecs.Launcher.template.spec.imagePullSecrets:s;");
    Json odd = rollout;
    odd["spec"]["template"] = 7;
    EXPECT_EQ(shown(odd), "spec.template!");
    odd["spec"] = Json::array();
    EXPECT_EQ(shown(odd), "spec!");
    EXPECT_EQ(shown({{"apiVersion", "argoproj.io/v1"}, {"kind", "Workflow"}}), "not judged");
    EXPECT_FALSE(images_of(rollout, {}));
    Json goose = rollout;
    goose["kind"] = "Goose";
    EXPECT_FALSE(images_of(goose));
    EXPECT_EQ(images_of_custom(goose,
                               *find_custom_kind(shipped_custom_kinds(), "argoproj.io", "rollouts"))
                  .images,
              images_of(rollout)->images);
    EXPECT_TRUE(images_of({{"apiVersion", "a.io/v1"}, {"kind", "Policy"}},
                          {*CustomKind::parse("a.io/policies", {"spec"})}));
    EXPECT_TRUE(images_of({{"apiVersion", "a.io/v1"}, {"kind", "Class"}},
                          {*CustomKind::parse("a.io/classes", {"spec"})}));
}

}  // namespace
}  // namespace rt::tenancy
