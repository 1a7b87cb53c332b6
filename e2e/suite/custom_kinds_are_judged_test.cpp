#include <array>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/custom_kinds.hpp"
#include "e2e/suite/support/environment.hpp"

namespace e2e {
namespace {

class CustomKinds : public CustomKindTest {
  protected:
    /// Admission looks at a new kind only once the API server has told itself of it.
    void expect_refused(Json const& object, std::vector<std::string> const& texts) {
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            auto const result = refused(try_apply(object), texts);
            return result ? "" : result.message();
        }));
    }
};

TEST_F(CustomKinds, of_the_shipped_table_are_refused_like_deployments) {
    install_kind("argoproj.io", "rollouts", "Rollout");
    std::string const ns = make_governed_namespace();
    auto const rollout = [&](std::string const& name, std::string_view image) {
        return custom_manifest("argoproj.io", "Rollout", ns, name,
                               {{"replicas", 1}, {"template", template_with(image)}});
    };
    expect_refused(rollout("web", foreign_image),
                   {"[RT-NotAllowed]", "spec.template.spec.containers[0].image",
                    std::string(foreign_image), ns, "#registry-help"});
    EXPECT_TRUE(done(apply(rollout("web", allowed_image))));

    // What a GitOps tool shows: the first line of the refusal, and an Event on the Rollout.
    Json const patch = {{"spec", {{"template", template_with(foreign_image)}}}};
    auto const update =
        kubectl({"-n", ns, "patch", "rollout", "web", "--type=merge", "-p", patch.dump()});
    EXPECT_TRUE(refused(update, {"[RT-NotAllowed]"}));
    std::string const first_line = update.err.substr(0, update.err.find('\n'));
    EXPECT_NE(first_line.find("[RT-NotAllowed]"), std::string::npos) << update.err;
    EXPECT_NE(first_line.find("alipay"), std::string::npos) << update.err;
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        for (Json const& event : list("events.events.k8s.io", ns)) {
            if (text_at(event, "/reason") == "RT-NotAllowed" &&
                text_at(event, "/regarding/kind") == "Rollout" &&
                text_at(event, "/regarding/name") == "web" &&
                text_at(event, "/note").find("alipay") != std::string::npos) {
                return "";
            }
        }
        return "no Event about the Rollout in " + ns;
    }));
    EXPECT_TRUE(done(kubectl(
        {"-n", ns, "patch", "rollout", "web", "--type=merge", "-p", R"({"spec":{"replicas":3}})"})))
        << "an update that brings no image is not judged";
}

TEST_F(CustomKinds, with_several_templates_are_judged_in_each) {
    install_kind("ray.io", "rayclusters", "RayCluster");
    install_kind("kubeflow.org", "pytorchjobs", "PyTorchJob");
    std::string const ns = make_governed_namespace();
    auto const ray = [&](std::string_view head, std::string_view worker) {
        return custom_manifest(
            "ray.io", "RayCluster", ns, "ray",
            {{"headGroupSpec", {{"template", template_with(head)}}},
             {"workerGroupSpecs", Json::array({{{"template", template_with(allowed_image)}},
                                               {{"template", template_with(worker)}}})}});
    };
    expect_refused(ray(foreign_image, allowed_image),
                   {"[RT-NotAllowed]", "spec.headGroupSpec.template.spec.containers[0].image"});
    EXPECT_TRUE(refused(try_apply(ray(allowed_image, foreign_image)),
                        {"spec.workerGroupSpecs[1].template.spec.containers[0].image"}));
    EXPECT_TRUE(done(try_apply(ray(allowed_image, allowed_image))));
    auto const job = [&](std::string_view worker) {
        return custom_manifest("kubeflow.org", "PyTorchJob", ns, "train",
                               {{"pytorchReplicaSpecs",
                                 {{"Master", {{"template", template_with(allowed_image)}}},
                                  {"Worker", {{"template", template_with(worker)}}}}}});
    };
    expect_refused(
        job(foreign_image),
        {"[RT-NotAllowed]", "spec.pytorchReplicaSpecs.Worker.template.spec.containers[0].image"});
    EXPECT_TRUE(done(try_apply(job(allowed_image))));
}

struct ShippedKind {
    std::string_view group;
    std::string_view plural;
    std::string_view kind;
    /// Where the foreign image stands; everything else that the kind names is allowed.
    std::string_view path;
    Json (*spec)(Json const& foreign, Json const& allowed);
};

Json ray_cluster(Json const& head, Json const& worker) {
    return {{"headGroupSpec", {{"template", head}}},
            {"workerGroupSpecs", Json::array({{{"template", worker}}})}};
}

/// The shipped kinds that no other test installs.
std::array<ShippedKind, 7> const shipped_kinds{{
    {"apps.kruise.io", "daemonsets", "DaemonSet", "spec.template",
     [](Json const& foreign, Json const&) -> Json { return {{"template", foreign}}; }},
    {"apps.kruise.io", "statefulsets", "StatefulSet", "spec.template",
     [](Json const& foreign, Json const&) -> Json { return {{"template", foreign}}; }},
    {"batch.volcano.sh", "jobs", "Job", "spec.tasks[1].template",
     [](Json const& foreign, Json const& allowed) -> Json {
         return {{"tasks", Json::array({{{"template", allowed}}, {{"template", foreign}}})}};
     }},
    {"kubeflow.org", "tfjobs", "TFJob", "spec.tfReplicaSpecs.Worker.template",
     [](Json const& foreign, Json const& allowed) -> Json {
         return {{"tfReplicaSpecs",
                  {{"Chief", {{"template", allowed}}}, {"Worker", {{"template", foreign}}}}}};
     }},
    {"ray.io", "rayjobs", "RayJob", "spec.submitterPodTemplate",
     [](Json const& foreign, Json const& allowed) -> Json {
         return {{"rayClusterSpec", ray_cluster(allowed, allowed)},
                 {"submitterPodTemplate", foreign}};
     }},
    {"ray.io", "rayservices", "RayService", "spec.rayClusterConfig.workerGroupSpecs[0].template",
     [](Json const& foreign, Json const& allowed) -> Json {
         return {{"rayClusterConfig", ray_cluster(allowed, foreign)}};
     }},
    {"serving.knative.dev", "services", "Service", "spec.template",
     [](Json const& foreign, Json const&) -> Json { return {{"template", foreign}}; }},
}};

TEST_F(CustomKinds, of_every_other_shipped_entry_are_judged_where_it_says) {
    std::string const ns = make_governed_namespace();
    for (ShippedKind const& one : shipped_kinds) {
        install_kind(std::string(one.group), std::string(one.plural), std::string(one.kind));
    }
    for (ShippedKind const& one : shipped_kinds) {
        SCOPED_TRACE(std::string(one.group) + "/" + std::string(one.plural));
        auto const object = [&](std::string_view image) {
            return custom_manifest(std::string(one.group), std::string(one.kind), ns, "shipped",
                                   one.spec(template_with(image), template_with(allowed_image)));
        };
        expect_refused(object(foreign_image),
                       {"[RT-NotAllowed]", std::string(one.path) + ".spec.containers[0].image"});
        EXPECT_TRUE(done(try_apply(object(allowed_image))));
    }
}

}  // namespace
}  // namespace e2e
