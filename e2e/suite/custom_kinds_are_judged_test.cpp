#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// A CustomResourceDefinition of a kind that carries pod templates, without a controller behind it:
/// only what admission sees of it matters here.
Json definition(std::string const& group, std::string const& plural, std::string const& kind) {
    std::string singular = kind;
    for (char& letter : singular) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    Json const anything = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    Json const version = {{"name", "v1alpha1"},
                          {"served", true},
                          {"storage", true},
                          {"schema", {{"openAPIV3Schema", anything}}}};
    return {{"apiVersion", "apiextensions.k8s.io/v1"},
            {"kind", "CustomResourceDefinition"},
            {"metadata", {{"name", plural + "." + group}}},
            {"spec",
             {{"group", group},
              {"scope", "Namespaced"},
              {"names", {{"plural", plural}, {"singular", singular}, {"kind", kind}}},
              {"versions", Json::array({version})}}}};
}

Json object_of(std::string const& group, std::string const& kind, std::string const& ns,
               std::string const& name, Json const& spec) {
    return {{"apiVersion", group + "/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"name", name}, {"namespace", ns}}},
            {"spec", spec}};
}

Json pod_template(std::string_view image) {
    return {{"spec",
             {{"containers", Json::array({{{"name", "main"}, {"image", std::string(image)}}})}}}};
}

class CustomKinds : public TenancyTest {
  protected:
    void install(std::string const& group, std::string const& plural, std::string const& kind) {
        installed_.push_back("customresourcedefinition/" + plural + "." + group);
        ASSERT_TRUE(done(apply(definition(group, plural, kind))));
        ASSERT_TRUE(done(
            kubectl({"wait", "--for=condition=Established", installed_.back(), "--timeout=30s"})));
    }
    /// Admission looks at a new kind only once the API server has told itself of it.
    void expect_refused(Json const& object, std::vector<std::string> const& texts) {
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            auto const result = refused(try_apply(object), texts);
            return result ? "" : result.message();
        }));
    }
    void TearDown() override {
        TenancyTest::TearDown();
        for (std::string const& one : installed_) {
            kubectl({"delete", "--wait=false", "--ignore-not-found", one});
        }
    }

  private:
    std::vector<std::string> installed_;
};

TEST_F(CustomKinds, of_the_shipped_table_are_refused_like_deployments) {
    install("argoproj.io", "rollouts", "Rollout");
    std::string const ns = make_governed_namespace();
    auto const rollout = [&](std::string const& name, std::string_view image) {
        return object_of("argoproj.io", "Rollout", ns, name,
                         {{"replicas", 1}, {"template", pod_template(image)}});
    };
    expect_refused(rollout("web", foreign_image),
                   {"[RT-NotAllowed]", "spec.template.spec.containers[0].image",
                    std::string(foreign_image), ns, "#registry-help"});
    EXPECT_TRUE(done(apply(rollout("web", allowed_image))));

    // What a GitOps tool shows: the first line of the refusal, and an Event on the Rollout.
    Json const patch = {{"spec", {{"template", pod_template(foreign_image)}}}};
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
    install("ray.io", "rayclusters", "RayCluster");
    install("kubeflow.org", "pytorchjobs", "PyTorchJob");
    std::string const ns = make_governed_namespace();
    auto const ray = [&](std::string_view head, std::string_view worker) {
        return object_of(
            "ray.io", "RayCluster", ns, "ray",
            {{"headGroupSpec", {{"template", pod_template(head)}}},
             {"workerGroupSpecs", Json::array({{{"template", pod_template(allowed_image)}},
                                               {{"template", pod_template(worker)}}})}});
    };
    expect_refused(ray(foreign_image, allowed_image),
                   {"[RT-NotAllowed]", "spec.headGroupSpec.template.spec.containers[0].image"});
    EXPECT_TRUE(refused(try_apply(ray(allowed_image, foreign_image)),
                        {"spec.workerGroupSpecs[1].template.spec.containers[0].image"}));
    EXPECT_TRUE(done(try_apply(ray(allowed_image, allowed_image))));
    auto const job = [&](std::string_view worker) {
        return object_of("kubeflow.org", "PyTorchJob", ns, "train",
                         {{"pytorchReplicaSpecs",
                           {{"Master", {{"template", pod_template(allowed_image)}}},
                            {"Worker", {{"template", pod_template(worker)}}}}}});
    };
    expect_refused(
        job(foreign_image),
        {"[RT-NotAllowed]", "spec.pytorchReplicaSpecs.Worker.template.spec.containers[0].image"});
    EXPECT_TRUE(done(try_apply(job(allowed_image))));
}

}  // namespace
}  // namespace e2e
