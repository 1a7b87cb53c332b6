// RegistryExceptions from the watch to the answer.

#include <gtest/gtest.h>

#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/respond.hpp"

namespace rt::webhook {
namespace {

using std::chrono::seconds;
using test::exception_object;
using test::World;

std::string const alipay = std::string(test::acr_host) + "/alipay/a1:v0.1";
std::string const cainiao = std::string(test::acr_host) + "/cainiao/a1:v0.1";

Json alipay_image() {
    return {{"registry", "shared-acr"}, {"namespace", "alipay"}};
}

/// What becomes of a new Pod, and what is said about it.
struct Asked {
    std::string outcome;
    Wording wording;
    Json answer;
};

Asked ask(World const& world, Json object,
          AdmissionSettings const& settings = AdmissionSettings::from(tenancy::Settings{}),
          std::string const& operation = "CREATE", Json const& old_object = nullptr) {
    test::pod_spec(object)["imagePullSecrets"] = {{{"name", "registry-tenancy"}}};
    test::PaddedBody const body(test::admission_review(object, operation, old_object).dump());
    ReviewReader reader;
    EXPECT_EQ(reader.read(body.view()), ReadStatus::Readable);
    PolicyView const view = world.view();
    Decision const decision = decide(reader.review(), view, settings);
    Asked asked;
    asked.outcome = std::string(name_of(decision.outcome)) +
                    (decision.reason ? " " + std::string(tenancy::code_of(*decision.reason)) : "");
    asked.wording = wording_of(reader.review(), decision);
    asked.answer =
        parse_json(respond_decision("uid", decision, asked.wording, {})).value()["response"];
    return asked;
}

std::string ask_pod(World const& world, std::string const& image,
                    std::string const& ns = "cainiao-prod") {
    return ask(world, test::pod(image, ns)).outcome;
}

TEST(IndexExceptions, OpenTheirNamespacesAndNoOther) {
    World world;
    world.builder.upsert_tenancy(test::tenancy_object("cainiao", {"cainiao-prod", "default"}));
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
    world.builder.upsert_exception(exception_object("x", {"cainiao-prod"}, alipay_image()));
    EXPECT_EQ(ask_pod(world, alipay), "warned RT-Exception");
    EXPECT_EQ(ask_pod(world, cainiao), "allowed");
    EXPECT_EQ(ask_pod(world, alipay, "default"), "denied RT-NotAllowed");
    world.builder.remove_exception(exception_object("x", {}, alipay_image()));
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
}

TEST(IndexExceptions, EndInTheirSecondWithoutAnyEvent) {
    World world;
    world.builder.upsert_exception(exception_object("x", {"cainiao-prod"}, alipay_image()));
    world.clock.advance(seconds{3599});
    world.builder.expire();
    EXPECT_EQ(ask_pod(world, alipay), "warned RT-Exception");
    EXPECT_EQ(world.builder.figures().exceptions, 1U);
    world.clock.advance(seconds{1});
    world.builder.expire();
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
    EXPECT_EQ(world.builder.figures().exceptions, 0U);
    // Other events bring it back no more.
    world.builder.upsert_registry(test::registry_object("another", "another.example.com"));
    world.builder.upsert_namespace(test::namespace_object("cainiao-prod", {{"a", "b"}}));
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
}

TEST(IndexExceptions, EachEndsOnItsOwn) {
    World world;
    Json later = exception_object("later", {"cainiao-prod", "default"}, alipay_image());
    later["spec"]["expiresAt"] = "2026-01-02T05:04:05Z";
    world.builder.replace_exceptions(
        {exception_object("sooner", {"cainiao-prod"},
                          {{"host", "docker.io"}, {"namespace", "library"}}),
         later});
    EXPECT_EQ(ask_pod(world, "nginx"), "warned RT-Exception");
    world.clock.advance(seconds{3600});
    world.builder.expire();
    EXPECT_EQ(ask_pod(world, "nginx"), "denied RT-NotAllowed");
    EXPECT_EQ(ask_pod(world, alipay), "warned RT-Exception");
    world.builder.replace_exceptions({});
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
}

TEST(IndexExceptions, TheLongestLifeInTheSettingsEndsThem) {
    World world;
    Json object = exception_object("x", {"cainiao-prod"}, alipay_image());
    object["spec"]["expiresAt"] = "2027-01-01T00:00:00Z";
    world.builder.upsert_exception(object);
    // Created at 00:00 on 2 January, 3:04:05 before the World begins.
    world.clock.advance(std::chrono::hours(24 * 30) - seconds{3 * 3600 + 4 * 60 + 6});
    world.builder.expire();
    EXPECT_EQ(ask_pod(world, alipay), "warned RT-Exception");
    world.clock.advance(seconds{1});
    world.builder.expire();
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
}

TEST(IndexExceptions, WhatHasEndedOrCannotBeReadOpensNothing) {
    World world;
    Json ended = exception_object("ended", {"cainiao-prod"}, alipay_image());
    ended["spec"]["expiresAt"] = "2026-01-02T03:04:05Z";
    Json unreadable = exception_object("unreadable", {"cainiao-prod"}, alipay_image());
    unreadable["spec"]["images"].push_back({{"registry", "shared-acr"}});
    world.builder.replace_exceptions({ended, unreadable});
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
    EXPECT_EQ(world.builder.figures().unreadable, 1U);
    // A good one that becomes unreadable closes, too.
    world.builder.upsert_exception(exception_object("x", {"cainiao-prod"}, alipay_image()));
    EXPECT_EQ(ask_pod(world, alipay), "warned RT-Exception");
    unreadable["metadata"]["name"] = "x";
    world.builder.upsert_exception(unreadable);
    EXPECT_EQ(ask_pod(world, alipay), "denied RT-NotAllowed");
}

TEST(IndexExceptions, StatusUpdatesCostNothing) {
    World world;
    Json object = exception_object("x", {"cainiao-prod"}, alipay_image());
    object["metadata"]["generation"] = 1;
    world.builder.upsert_exception(object);
    auto const before = world.builder.current();
    object["status"] = {{"observedGeneration", 1}};
    world.builder.upsert_exception(object);
    EXPECT_EQ(world.builder.current(), before);
}

TEST(IndexExceptions, OfANamespaceThatComesLaterAreThere) {
    World world;
    world.builder.upsert_tenancy(test::tenancy_object("cainiao", {"cainiao-new"}));
    world.builder.upsert_exception(exception_object("x", {"cainiao-new"}, alipay_image()));
    world.builder.upsert_namespace(test::namespace_object("cainiao-new"));
    EXPECT_EQ(ask_pod(world, alipay, "cainiao-new"), "warned RT-Exception");
}

TEST(UngovernedNamespaces, AreOpenedByExceptionsWhereTheyAreDenied) {
    World world;
    // A baseline adds nothing where no tenancy governs.
    Json baseline = test::tenancy_object("base", {});
    baseline["spec"].erase("namespaces");
    baseline["spec"]["baseline"] = true;
    world.builder.upsert_tenancy(baseline);
    world.builder.upsert_exception(exception_object("x", {"default"}, alipay_image()));
    auto settings = AdmissionSettings::from(tenancy::Settings{});
    EXPECT_EQ(ask(world, test::pod(alipay, "default"), settings).outcome, "allowed")
        << "unmanagedNamespaces: Allow";
    settings.unmanaged = tenancy::UnmanagedNamespaces::Deny;
    auto const opened = ask(world, test::pod(alipay, "default"), settings);
    EXPECT_EQ(opened.outcome, "warned RT-Exception");
    EXPECT_EQ(opened.answer["auditAnnotations"]["exceptions"], "x");
    EXPECT_EQ(ask(world, test::pod(cainiao, "default"), settings).outcome, "denied RT-NoTenancy");
    Json both = test::pod(alipay, "default");
    both["spec"]["containers"].push_back({{"name", "other"}, {"image", cainiao}});
    EXPECT_EQ(ask(world, both, settings).outcome, "denied RT-NoTenancy");
    world.clock.advance(seconds{3600});
    world.builder.expire();
    EXPECT_EQ(ask(world, test::pod(alipay, "default"), settings).outcome, "denied RT-NoTenancy");
}

TEST(ExceptionAnswers, TellEveryUseAsWarningNoteAndAnnotation) {
    World world;
    world.builder.upsert_exception(exception_object("x", {"cainiao-prod"}, alipay_image()));
    for (char const* const enforcement : {"Deny", "Warn", "Audit"}) {
        world.change_tenancy([&](Json& spec) { spec["enforcement"] = enforcement; });
        auto const asked = ask(world, test::pod(alipay));
        EXPECT_EQ(asked.outcome, "warned RT-Exception");
        EXPECT_EQ(asked.answer["allowed"], true);
        ASSERT_EQ(asked.wording.warnings.size(), 1U);
        EXPECT_EQ(asked.wording.warnings[0],
                  "RT-Exception: spec.containers[0].image \"web\": " + alipay +
                      ": allowed only until 2026-01-02T04:04:05Z, by RegistryException \"x\"; "
                      "read: https://wiki.example.com/registry/RT-Exception");
        ASSERT_EQ(asked.wording.notes.size(), 1U);
        EXPECT_EQ(asked.wording.notes[0].reason, tenancy::Reason::Exception);
        EXPECT_EQ(asked.answer["auditAnnotations"]["reason"], "RT-Exception");
        EXPECT_EQ(asked.answer["auditAnnotations"]["exceptions"], "x");
        EXPECT_EQ(asked.answer["auditAnnotations"]["images"], alipay);
    }
}

TEST(ExceptionAnswers, EveryReasonGetsItsOwnNote) {
    World world;
    world.builder.upsert_exception(exception_object("x", {"cainiao-prod"}, alipay_image()));
    world.change_tenancy([](Json& spec) {
        spec["enforcement"] = "Audit";
        spec["registries"][0]["allow"].push_back(
            {{"repository", "base/jdk"}, {"deprecated", "use cainiao/jdk"}});
    });
    Json object = test::pod(alipay);
    for (std::string const& image : {alipay, std::string(test::acr_host) + "/base/jdk:17",
                                     std::string("docker.io/library/nginx")}) {
        auto& containers = object["spec"]["containers"];
        containers.push_back({{"name", "c" + std::to_string(containers.size())}, {"image", image}});
    }
    auto const asked = ask(world, object);
    EXPECT_EQ(asked.outcome, "audited RT-NotAllowed");
    ASSERT_EQ(asked.wording.notes.size(), 3U);
    EXPECT_EQ(asked.wording.notes[0].reason, tenancy::Reason::NotAllowed);
    EXPECT_EQ(asked.wording.notes[1].reason, tenancy::Reason::Exception);
    EXPECT_TRUE(asked.wording.notes[1].text.ends_with("(and 1 more)"));
    EXPECT_EQ(asked.wording.notes[2].reason, tenancy::Reason::Deprecated);
    // What Audit only takes note of is not told; exceptions and deprecations are.
    EXPECT_EQ(asked.wording.warnings.size(), 3U);
}

TEST(Grandfathered, ImagesAreAdmittedAndCounted) {
    World const world;
    auto const settings = AdmissionSettings::from(tenancy::Settings{});
    Json const before = test::workload("Deployment", alipay);
    Json after = before;
    after["metadata"]["labels"]["new"] = "label";
    EXPECT_EQ(ask(world, after, settings, "UPDATE", before)
                  .answer["auditAnnotations"]
                  .value("grandfathered", ""),
              "1");
    test::pod_spec(after)["containers"].push_back({{"name", "new"}, {"image", cainiao}});
    auto const grown = ask(world, after, settings, "UPDATE", before);
    EXPECT_EQ(grown.outcome, "allowed");
    EXPECT_EQ(grown.answer["auditAnnotations"].value("grandfathered", ""), "1");
    Json const fine = test::workload("Deployment", cainiao);
    EXPECT_FALSE(ask(world, fine, settings, "UPDATE", fine)
                     .answer["auditAnnotations"]
                     .contains("grandfathered"));
}

}  // namespace
}  // namespace rt::webhook
