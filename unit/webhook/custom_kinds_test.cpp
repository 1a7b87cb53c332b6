#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/pod_images.hpp"
#include "webhook/admission/review.hpp"
#include "webhook/admission/review_fields.hpp"

namespace rt::webhook {
namespace {

using Parser = ReviewReader::Parser;

tenancy::CustomKinds example_kinds() {
    tenancy::CustomKinds kinds = tenancy::shipped_custom_kinds();
    tenancy::put_custom_kind(
        kinds, *tenancy::CustomKind::parse(
                   "example.com/things",
                   {"spec.pod", "spec.image", "spec.images[*]", "spec.parts[*].template"}));
    return kinds;
}

/// A review of a custom kind; in the API server's order of members, or with what says the kind
/// behind the object.
std::string review_of(std::string const& group, std::string const& resource,
                      std::string const& object, std::string const& old_object = "null",
                      bool kind_last = false) {
    std::string const kind = R"("kind":{"group":")" + group +
                             R"(","version":"v7","kind":"Any"},"resource":{"group":")" + group +
                             R"(","version":"v7","resource":")" + resource + R"("})";
    std::string const objects = R"("object":)" + object + R"(,"oldObject":)" + old_object;
    return R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u",)" +
           (kind_last ? objects + "," + kind : kind + "," + objects) +
           R"(,"name":"x","namespace":"cainiao-prod","operation":")" +
           (old_object == "null" ? "CREATE" : "UPDATE") + R"("}})";
}

struct CustomKinds : testing::Test {
    ReviewReader reader{std::make_shared<ReviewFields const>(example_kinds())};

    /// "FIELD=IMAGE" of all images that are judged, and "FIELD=SECRET" of pull Secrets, by both
    /// parsers and in both orders of members, which must agree.
    std::vector<std::string> found(std::string const& group, std::string const& resource,
                                   std::string const& object,
                                   std::string const& old_object = "null") {
        std::vector<std::vector<std::string>> all;
        for (bool const kind_last : {false, true}) {
            for (Parser const parser : {Parser::Fast, Parser::Streaming}) {
                test::PaddedBody const body(
                    review_of(group, resource, object, old_object, kind_last));
                EXPECT_EQ(reader.read(body.view(), parser), ReadStatus::Readable)
                    << reader.problem();
                Review const& review = reader.review();
                EXPECT_EQ(review.target, Target::Custom);
                auto& lines = all.emplace_back();
                for (ContainerImage const* const image : images_to_judge(review)) {
                    lines.push_back(field_path(review, *image) + "=" + std::string(image->image));
                }
                for (PullSecretName const& secret : review.object.pod.pull_secrets) {
                    lines.push_back(pull_secret_path(review, secret) + "=" +
                                    std::string(secret.name));
                }
            }
        }
        EXPECT_EQ(all[0], all[1]);
        EXPECT_EQ(all[0], all[2]);
        EXPECT_EQ(all[0], all[3]);
        return all[0];
    }

    std::string problem(std::string const& object) {
        std::vector<std::string> problems;
        for (Parser const parser : {Parser::Fast, Parser::Streaming}) {
            test::PaddedBody const body(review_of("example.com", "things", object));
            EXPECT_EQ(reader.read(body.view(), parser), ReadStatus::Refused) << object;
            problems.push_back(reader.problem());
        }
        EXPECT_EQ(problems[0], problems[1]);
        return problems[0];
    }
};

using Lines = std::vector<std::string>;

TEST_F(CustomKinds, OfTheShippedTableGiveUpTheirImages) {
    std::string const pod = R"({"spec":{"containers":[{"name":"c","image":"i"}]}})";
    struct Case {
        char const* group;
        char const* resource;
        std::string object;
        Lines lines;
    };
    for (Case const& c : std::vector<Case>{
             {"apps.kruise.io",
              "clonesets",
              R"({"spec":{"template":)" + pod + "}}",
              {"spec.template.spec.containers[0].image=i"}},
             {"argoproj.io",
              "rollouts",
              R"({"spec":{"template":)" + pod + "}}",
              {"spec.template.spec.containers[0].image=i"}},
             {"argoproj.io", "rollouts", R"({"spec":{"workloadRef":{"name":"x"}}})", {}},
             {"ray.io",
              "rayclusters",
              R"({"spec":{"headGroupSpec":{"template":)" + pod +
                  R"(},"workerGroupSpecs":[{"replicas":1},{"template":)" + pod +
                  R"(}],"autoscalerOptions":{"image":"a"}}})",
              {"spec.headGroupSpec.template.spec.containers[0].image=i",
               "spec.workerGroupSpecs[1].template.spec.containers[0].image=i",
               "spec.autoscalerOptions.image=a"}},
             {"ray.io",
              "rayjobs",
              R"({"spec":{"rayClusterSpec":{"headGroupSpec":{"template":)" + pod +
                  R"(}},"submitterPodTemplate":)" + pod + "}}",
              {"spec.rayClusterSpec.headGroupSpec.template.spec.containers[0].image=i",
               "spec.submitterPodTemplate.spec.containers[0].image=i"}},
             {"kubeflow.org",
              "pytorchjobs",
              R"({"spec":{"pytorchReplicaSpecs":{"Master":{"template":)" + pod +
                  R"(},"Worker":{"template":)" + pod + "}}}}",
              {"spec.pytorchReplicaSpecs.Master.template.spec.containers[0].image=i",
               "spec.pytorchReplicaSpecs.Worker.template.spec.containers[0].image=i"}},
             {"jobset.x-k8s.io",
              "jobsets",
              R"({"spec":{"replicatedJobs":[{"template":{"spec":{"template":)" + pod + "}}}]}}",
              {"spec.replicatedJobs[0].template.spec.template.spec.containers[0].image=i"}},
             {"batch.volcano.sh",
              "jobs",
              R"({"spec":{"volumes":"theirs","tasks":[{"template":)" + pod + "}]}}",
              {"spec.tasks[0].template.spec.containers[0].image=i"}},
             {"serving.knative.dev",
              "services",
              R"({"spec":{"template":)" + pod + "}}",
              {"spec.template.spec.containers[0].image=i"}},
         }) {
        EXPECT_EQ(found(c.group, c.resource, c.object), c.lines) << c.resource << c.object;
    }
}

TEST_F(CustomKinds, ShowByTheValueWhatStandsAtAPath) {
    EXPECT_EQ(found("example.com", "things", R"({"spec":{"pod":{"initContainers":[{"image":"i"}],
        "volumes":[{"name":"v","image":{"reference":"r"}}],"imagePullSecrets":[{},{"name":"s"}],
        "spec":{"containers":[{"image":"j"},{"image":""}]}},
        "image":"k","images":["l",{"containers":[{"image":"m"}]}]}})"),
              (Lines{"spec.pod.initContainers[0].image=i", "spec.pod.volumes[0].image.reference=r",
                     "spec.pod.spec.containers[0].image=j", "spec.image=k", "spec.images[0]=l",
                     "spec.images[1].containers[0].image=m",
                     "spec.pod.imagePullSecrets[0]=", "spec.pod.imagePullSecrets[1]=s"}));
    EXPECT_EQ(
        found("example.com", "things",
              R"({"spec":{"parts":{"a\u001b[1m":{"template":{"containers":[{"image":"i"}]}}}}})"),
        (Lines{"spec.parts.a\\x1B[1m.template.containers[0].image=i"}))
        << "names of members are foreign text";
    EXPECT_EQ(found("example.com", "things",
                    R"({"spec":{"parts":{"a":{"template":{"containers":[{"image":"i"}]}},
                                         "a":{"template":{"containers":[{"image":"j"}]}}}}})")
                  .size(),
              2U)
        << "whichever the API server takes, it is judged";
    EXPECT_EQ(found("example.com", "things", R"({"spec":null})"), Lines{});
}

TEST_F(CustomKinds, AreRefusedWhereAPathLeadsToSomethingElse) {
    EXPECT_EQ(problem(R"({"spec":{"pod":7}})"),
              "/request/object/spec/pod must be an object or a string");
    EXPECT_EQ(problem(R"({"spec":{"pod":[]}})"),
              "/request/object/spec/pod must be an object or a string");
    EXPECT_EQ(problem(R"({"spec":{"parts":"x"}})"),
              "/request/object/spec/parts must be an object or an array");
    EXPECT_EQ(problem(R"({"spec":{"pod":{"containers":{}}}})"),
              "/request/object/spec/pod/containers must be an array");
    EXPECT_EQ(problem(R"({"spec":{"pod":{"containers":[]},"pod":{}}})"),
              "/request/object/spec/pod occurs twice");
    EXPECT_EQ(problem("null"), "/request/object is missing");
    std::string many;
    for (std::size_t i = 0; i <= review_entries_max; ++i) {
        many += i == 0 ? "\"x\"" : ",\"x\"";
    }
    EXPECT_NE(problem(R"({"spec":{"images":[)" + many + "]}}").find("more than 4096"),
              std::string::npos);
}

TEST_F(CustomKinds, JudgeOnlyWhatAnUpdateChanges) {
    auto const two = [](char const* first, char const* second) {
        return std::string(
                   R"({"spec":{"parts":[{"template":{"containers":[{"name":"c","image":")") +
               first + R"("}]}},{"template":{"containers":[{"name":"c","image":")" + second +
               R"("}]}}],"image":"z"}})";
    };
    EXPECT_EQ(found("example.com", "things", two("a", "b"), two("a", "b")), Lines{});
    EXPECT_EQ(found("example.com", "things", two("b", "a"), two("a", "b")), Lines{})
        << "the order of parts is no new image";
    EXPECT_EQ(found("example.com", "things", two("a", "c"), two("a", "b")),
              (Lines{"spec.parts[1].template.containers[0].image=c"}));
    EXPECT_EQ(found("example.com", "things", R"({"spec":{"image":"a","images":["z"]}})",
                    R"({"spec":{"image":"z","images":["a"]}})"),
              (Lines{"spec.image=a", "spec.images[0]=z"}))
        << "another path is another use";
}

TEST_F(CustomKinds, AreDecidedLikeTemplatesAndLeaveBuiltInKindsAlone) {
    test::World const world;
    auto const settings = AdmissionSettings::from(tenancy::Settings{});
    auto const decide_on = [&](std::string const& text) {
        test::PaddedBody const body(text);
        EXPECT_EQ(reader.read(body.view()), ReadStatus::Readable) << reader.problem();
        return decide(reader.review(), world.view(), settings);
    };
    auto const rollout = [](std::string const& image) {
        return review_of("argoproj.io", "rollouts",
                         R"({"metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[
                            {"name":"c","image":")" +
                             image + R"("}]}}}})");
    };
    EXPECT_EQ(decide_on(rollout(std::string(test::acr_host) + "/cainiao/a1:1")).outcome,
              Outcome::Allowed);
    auto const denied = decide_on(rollout("docker.io/library/nginx"));
    EXPECT_EQ(denied.outcome, Outcome::Denied);
    EXPECT_EQ(denied.findings.at(0).field, "spec.template.spec.containers[0].image");
    EXPECT_EQ(decide_on(review_of("argoproj.io", "workflows", R"({"spec":{}})")).outcome,
              Outcome::Allowed)
        << "not named, not judged";
    EXPECT_EQ(
        decide_on(test::admission_review(test::pod("docker.io/library/nginx")).dump()).outcome,
        Outcome::Denied);
    Json const scale = Json::parse(rollout("docker.io/library/nginx"));
    Json with_subresource = scale;
    with_subresource["request"]["subResource"] = "scale";
    EXPECT_EQ(decide_on(with_subresource.dump()).outcome, Outcome::Allowed);
}

}  // namespace
}  // namespace rt::webhook
