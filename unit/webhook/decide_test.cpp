#include "webhook/admission/decide.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "lib/tenancy/image_doors.hpp"
#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"

namespace rt::webhook {
namespace {

using test::acr_host;
using test::World;

std::string const good = std::string(acr_host) + "/cainiao/a1:v0.1";
std::string const bad = std::string(acr_host) + "/alipay/a1:v0.1";

/// "allowed", "denied RT-NotAllowed", ... for one review in a world.
class Judge {
  public:
    explicit Judge(PolicyView view) : view_(std::move(view)) {}

    std::string operator()(Json const& review) {
        test::PaddedBody const body(review.dump());
        ReadStatus const status = reader_.read(body.view());
        EXPECT_EQ(status, ReadStatus::Readable) << reader_.problem();
        decision_ = decide(reader_.review(), view_, settings);
        return std::string(name_of(decision_.outcome)) +
               (decision_.reason ? " " + std::string(tenancy::code_of(*decision_.reason)) : "");
    }
    [[nodiscard]] Decision const& decision() const { return decision_; }

    AdmissionSettings settings = AdmissionSettings::from(tenancy::Settings{});

  private:
    PolicyView view_;
    ReviewReader reader_{};
    Decision decision_{};
};

Json with_secret(Json object) {
    test::pod_spec(object)["imagePullSecrets"] = {{{"name", "registry-tenancy"}}};
    return object;
}

Json pod_of(std::string const& image) {
    return with_secret(test::pod(image));
}

TEST(Decide, JudgesPodsAndAllTemplateKinds) {
    World const world;
    Judge judge(world.view());
    EXPECT_EQ(judge(test::admission_review(pod_of(good))), "allowed");
    EXPECT_EQ(judge(test::admission_review(pod_of(bad))), "denied RT-NotAllowed");
    for (tenancy::TemplateKind const& kind : tenancy::template_kinds()) {
        std::string const name(kind.kind);
        for (char const* const operation : {"CREATE", "UPDATE"}) {
            EXPECT_EQ(judge(test::admission_review(test::workload(name, good), operation)),
                      "allowed")
                << name;
            EXPECT_EQ(judge(test::admission_review(test::workload(name, bad), operation)),
                      "denied RT-NotAllowed")
                << name;
        }
    }
}

TEST(Decide, EveryDoorIsJudgedWithItsField) {
    struct Case {
        char const* list;
        Json entry;
        char const* field;
    };
    std::vector<Case> const cases{
        {"containers", {{"name", "x"}, {"image", bad}}, "spec.containers[1].image"},
        {"initContainers", {{"name", "x"}, {"image", bad}}, "spec.initContainers[0].image"},
        {"ephemeralContainers",
         {{"name", "x"}, {"image", bad}},
         "spec.ephemeralContainers[0].image"},
        {"volumes",
         {{"name", "x"}, {"image", {{"reference", bad}}}},
         "spec.volumes[0].image.reference"},
    };
    ASSERT_EQ(cases.size(), tenancy::image_doors().size()) << "a door without a test";
    World const world;
    Judge judge(world.view());
    for (Case const& c : cases) {
        Json object = pod_of(good);
        object["spec"][c.list].push_back(c.entry);
        EXPECT_EQ(judge(test::admission_review(object)), "denied RT-NotAllowed") << c.list;
        ASSERT_EQ(judge.decision().findings.size(), 1U);
        EXPECT_EQ(judge.decision().findings[0].field, c.field);
        EXPECT_EQ(
            judge(test::admission_review(object, "UPDATE", pod_of(good), "ephemeralcontainers")),
            "denied RT-NotAllowed");
    }
}

TEST(Decide, OnlyChangedImagesAreJudgedOnUpdate) {
    World const world;
    Judge judge(world.view());
    Json const legacy = pod_of(bad);
    struct Case {
        char const* name;
        std::function<void(Json&)> change;
        char const* expected;
    };
    std::vector<Case> const cases{
        {"a label", [](Json& p) { p["metadata"]["labels"]["a"] = "b"; }, "allowed"},
        {"a finalizer", [](Json& p) { p["metadata"]["finalizers"] = {"x/y"}; }, "allowed"},
        {"being deleted, same image",
         [](Json& p) { p["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"; }, "allowed"},
        {"being deleted, other image",
         [](Json& p) {
             p["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
             p["spec"]["containers"][0]["image"] = bad + "x";
         },
         "denied RT-NotAllowed"},
        {"owned, other image",
         [](Json& p) {
             p["metadata"]["ownerReferences"] = {{{"kind", "ReplicaSet"}, {"controller", true}}};
             p["spec"]["containers"][0]["image"] = bad + "x";
         },
         "denied RT-NotAllowed"},
        {"one byte", [](Json& p) { p["spec"]["containers"][0]["image"] = bad + "x"; },
         "denied RT-NotAllowed"},
        {"the same image under another name",
         [](Json& p) { p["spec"]["containers"][0]["name"] = "other"; }, "denied RT-NotAllowed"},
        {"the same image in another list",
         [](Json& p) { p["spec"]["initContainers"] = p["spec"]["containers"]; },
         "denied RT-NotAllowed"},
        {"reordered",
         [](Json& p) {
             p["spec"]["containers"].insert(p["spec"]["containers"].begin(),
                                            Json{{"name", "first"}, {"image", good}});
         },
         "allowed"},
    };
    for (Case const& c : cases) {
        Json changed = legacy;
        c.change(changed);
        EXPECT_EQ(judge(test::admission_review(changed, "UPDATE", legacy)), c.expected) << c.name;
    }
}

TEST(Decide, SwappingImagesBetweenContainersIsAChange) {
    World const world;
    Judge judge(world.view());
    Json before = pod_of(good);
    before["spec"]["containers"].push_back({{"name", "second"}, {"image", bad}});
    Json after = before;
    std::swap(after["spec"]["containers"][0]["image"], after["spec"]["containers"][1]["image"]);
    EXPECT_EQ(judge(test::admission_review(after, "UPDATE", before)), "denied RT-NotAllowed");
}

TEST(Decide, WhatCannotBringAnImagePasses) {
    World const world;
    Judge judge(world.view());
    Json const object = pod_of(bad);
    EXPECT_EQ(judge(test::admission_review(object, "DELETE")), "allowed");
    EXPECT_EQ(judge(test::admission_review(object, "CONNECT", nullptr, "exec")), "allowed");
    EXPECT_EQ(judge(test::admission_review(object, "UPDATE", object, "status")), "allowed");
    Json other = test::admission_review(object);
    other["request"]["resource"]["resource"] = "configmaps";
    EXPECT_EQ(judge(other), "allowed");
    EXPECT_EQ(judge(test::admission_review(test::workload("Deployment", bad), "UPDATE", nullptr,
                                           "scale")),
              "allowed");
}

TEST(Decide, EnforcementDecidesWhatAnUnallowedImageMeets) {
    struct Case {
        char const* enforcement;
        char const* image;
        char const* expected;
    };
    for (Case const& c : {Case{"Deny", "x/alipay", "denied RT-NotAllowed"},
                          Case{"Warn", "x/alipay", "warned RT-NotAllowed"},
                          Case{"Audit", "x/alipay", "audited RT-NotAllowed"},
                          Case{"Deny", "::::", "denied RT-Unparseable"},
                          Case{"Warn", "::::", "warned RT-Unparseable"},
                          Case{"Audit", "a b", "audited RT-Unparseable"}}) {
        World world;
        world.change_tenancy([&](Json& spec) { spec["enforcement"] = c.enforcement; });
        Judge judge(world.view());
        EXPECT_EQ(judge(test::admission_review(pod_of(c.image))), c.expected) << c.enforcement;
    }
}

TEST(Decide, DeprecatedPathsWarnAndAreAllowed) {
    World world;
    world.change_tenancy([](Json& spec) {
        spec["registries"][0]["allow"].push_back(
            {{"repository", "base/jdk"}, {"deprecated", "use cainiao/jdk from March on"}});
    });
    Judge judge(world.view());
    Json object = pod_of(std::string(acr_host) + "/base/jdk:17");
    EXPECT_EQ(judge(test::admission_review(object)), "warned RT-Deprecated");
    object["spec"]["containers"].push_back({{"name", "bad"}, {"image", bad}});
    EXPECT_EQ(judge(test::admission_review(object)), "denied RT-NotAllowed");
    ASSERT_EQ(judge.decision().findings.size(), 2U);
    EXPECT_EQ(judge.decision().findings[1].reason, tenancy::Reason::Deprecated);
}

TEST(Decide, ANewPodMustCarryOurSecret) {
    struct Case {
        char const* name;
        std::function<Json()> review;
        char const* expected;
    };
    auto const mirror = [] {
        Json object = test::pod(good);
        object["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "hash";
        return object;
    };
    std::vector<Case> const cases{
        {"without", [] { return test::admission_review(test::pod(good)); },
         "denied RT-MissingSecret"},
        {"with", [] { return test::admission_review(pod_of(good)); }, "allowed"},
        {"update cannot add it",
         [] { return test::admission_review(test::pod(good), "UPDATE", test::pod("x")); },
         "allowed"},
        {"templates get it when their Pods are made",
         [] { return test::admission_review(test::workload("Deployment", good)); }, "allowed"},
        {"mirror", [&] { return test::admission_review(mirror()); }, "allowed"},
        {"mirror Pods' images are judged",
         [&] {
             Json object = mirror();
             object["spec"]["containers"][0]["image"] = bad;
             return test::admission_review(object);
         },
         "denied RT-NotAllowed"},
    };
    for (Case const& c : cases) {
        World const world;
        Judge judge(world.view());
        EXPECT_EQ(judge(c.review()), c.expected) << c.name;
    }
    World world;
    world.change_tenancy([](Json& spec) { spec["enforcement"] = "Warn"; });
    Judge warns(world.view());
    EXPECT_EQ(warns(test::admission_review(test::pod(good))), "warned RT-MissingSecret");
    world.builder.upsert_registry(test::registry_object("shared-acr", acr_host, "Anonymous"));
    world.change_tenancy([](Json& spec) {
        spec["registries"][0].erase("role");
        spec["registries"][0].erase("externalID");
    });
    Judge anonymous(world.view());
    EXPECT_EQ(anonymous(test::admission_review(test::pod(good))), "allowed");
}

TEST(Decide, ListedPullSecretsRefuseOthers) {
    World world;
    world.change_tenancy([](Json& spec) {
        spec["imagePullSecrets"] = {{"policy", "Listed"}, {"allowed", {"mine"}}};
    });
    Json object = pod_of(good);
    object["spec"]["imagePullSecrets"].push_back({{"name", "mine"}});
    Judge judge(world.view());
    EXPECT_EQ(judge(test::admission_review(object)), "allowed");
    object["spec"]["imagePullSecrets"].push_back({{"name", "foreign"}});
    EXPECT_EQ(judge(test::admission_review(object)), "denied RT-ForeignSecret");
    EXPECT_EQ(judge.decision().findings[0].field, "spec.imagePullSecrets[2]");
    Json changed = object;
    changed["metadata"]["labels"]["a"] = "b";
    EXPECT_EQ(judge(test::admission_review(changed, "UPDATE", object)), "allowed")
        << "what was there before is nobody's change";
}

TEST(Decide, OtherPullSecretsUnderPolicyAnyGetAWarning) {
    World world;
    Json object = pod_of(good);
    object["spec"]["imagePullSecrets"].push_back({{"name", "mine"}});
    for (char const* const enforcement : {"Deny", "Warn", "Audit"}) {
        world.change_tenancy([&](Json& spec) { spec["enforcement"] = enforcement; });
        Judge judge(world.view());
        EXPECT_EQ(judge(test::admission_review(object)), "warned RT-ForeignSecret");
        ASSERT_EQ(judge.decision().findings.size(), 1U);
        EXPECT_EQ(judge.decision().findings[0].field, "spec.imagePullSecrets[1]");
    }
    world.change_tenancy([](Json&) {});
    Judge judge(world.view());
    test::pod_spec(object)["containers"][0]["image"] = bad;
    EXPECT_EQ(judge(test::admission_review(object)), "denied RT-NotAllowed")
        << "what denies comes first";
    EXPECT_EQ(judge(test::admission_review(object, "UPDATE", object)), "allowed");
}

TEST(Decide, UnmanagedNamespacesFollowTheSetting) {
    World const world;
    Judge judge(world.view());
    Json const review = test::admission_review(test::pod("busybox", "default"));
    EXPECT_EQ(judge(review), "allowed");
    EXPECT_EQ(judge(test::admission_review(test::pod("::::", "default"))), "allowed");
    judge.settings.unmanaged = tenancy::UnmanagedNamespaces::Deny;
    EXPECT_EQ(judge(review), "denied RT-NoTenancy");
    EXPECT_EQ(judge(test::admission_review(test::pod("busybox", "kube-system"))), "allowed");
    EXPECT_EQ(judge(test::admission_review(test::pod("busybox", "registry-tenancy-system"))),
              "allowed");
}

TEST(Decide, UnknownMeansNo) {
    World const world;
    Json const review = test::admission_review(pod_of(good));
    PolicyView unsynced = world.view();
    unsynced.synced = false;
    EXPECT_EQ(Judge(unsynced)(review), "denied RT-PolicyUnavailable");
    PolicyView stale = world.view();
    stale.age = std::chrono::seconds{150};
    EXPECT_EQ(Judge(stale)(review), "allowed");
    stale.age += std::chrono::milliseconds{1};
    EXPECT_EQ(Judge(stale)(review), "denied RT-PolicyUnavailable");
    EXPECT_EQ(Judge(PolicyView{})(review), "denied RT-PolicyUnavailable");
    EXPECT_EQ(Judge(stale)(test::admission_review(pod_of(bad), "UPDATE", pod_of(bad))), "allowed")
        << "finalizers and labels pass always";
    EXPECT_EQ(Judge(stale)(test::admission_review(test::pod("x", "kube-system"))), "allowed");
    EXPECT_EQ(Judge(world.view())(test::admission_review(test::pod(good, "new"))),
              "suspended RT-PolicyUnavailable");
}

TEST(Decide, AnUnreadableTenancyClosesItsNamespaces) {
    World world;
    world.change_tenancy([](Json& spec) { spec["registries"] = "nonsense"; });
    EXPECT_EQ(Judge(world.view())(test::admission_review(pod_of(good))), "allowed")
        << "the last good version stays in force";
    Json broken = test::tenancy_object("second", {"default"});
    broken["spec"]["registries"] = "nonsense";
    world.builder.upsert_tenancy(broken);
    EXPECT_EQ(Judge(world.view())(test::admission_review(test::pod(good, "default"))),
              "denied RT-PolicyUnavailable");
}

TEST(Decide, InjectsWhereASecretWillBeOrMayBe) {
    World world;
    auto const inject = [](Json const& object, PolicyView const& view,
                           std::string const& operation = "CREATE") {
        ReviewReader reader;
        test::PaddedBody const body(test::admission_review(object, operation).dump());
        EXPECT_EQ(reader.read(body.view()), ReadStatus::Readable) << reader.problem();
        return decide_injection(reader.review(), view, AdmissionSettings::from(tenancy::Settings{}))
            .pull_secret;
    };
    EXPECT_TRUE(inject(test::pod(bad), world.view())) << "whether it is allowed is not asked here";
    EXPECT_TRUE(inject(test::pod("x", "unknown"), world.view()));
    EXPECT_TRUE(inject(test::pod("x"), PolicyView{}));
    EXPECT_FALSE(inject(test::pod("x", "default"), world.view())) << "ungoverned";
    EXPECT_FALSE(inject(test::pod("x", "kube-system"), PolicyView{})) << "excluded";
    EXPECT_FALSE(inject(pod_of("x"), world.view())) << "there already";
    EXPECT_FALSE(inject(test::pod("x"), world.view(), "UPDATE"));
    EXPECT_FALSE(inject(test::workload("Deployment", "x"), world.view()));
    Json mirror = test::pod("x");
    mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "";
    EXPECT_FALSE(inject(mirror, world.view()));
}

}  // namespace
}  // namespace rt::webhook
