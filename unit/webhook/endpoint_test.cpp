#include "webhook/endpoint.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"

namespace rt::webhook {
namespace {

using std::chrono::milliseconds;

std::string const good = std::string(test::acr_host) + "/cainiao/a1:v0.1";
std::string const bad = std::string(test::acr_host) + "/alipay/a1:v0.1";

struct Noted : DecisionObserver {
    void observe(Review const& review, Decision const& decision, Note const& note) override {
        notes.push_back(std::string(name_of(decision.outcome)) + " " + std::string(review.name) +
                        (review.dry_run ? " dry " : " ") + note.text);
        if (throws) {
            throw std::runtime_error("observer");
        }
    }
    std::vector<std::string> notes;
    bool throws = false;
};

struct Failing : PolicySource {
    PolicyView view() const override { throw std::runtime_error("no view"); }
};

struct Edge : testing::Test {
    test::World world;
    Metrics metrics;
    AdmissionMetrics admission{metrics};
    Noted noted;
    AdmissionSettings settings = AdmissionSettings::from(tenancy::Settings{});

    http::Answer ask(std::string const& target, std::string const& text,
                     milliseconds waited = milliseconds{0}, PolicySource const* source = nullptr) {
        FixedPolicySource const fixed(world.view());
        Endpoint const endpoint(source ? *source : fixed, settings, admission, &noted, world.clock);
        test::PaddedBody const body(text);
        http::ServerRequest request;
        request.method = "POST";
        request.target = target;
        request.content_type = "application/json";
        request.body = body.view();
        request.waited = waited;
        return endpoint.answer(request);
    }
    Json response(std::string const& target, Json const& review,
                  milliseconds waited = milliseconds{0}, PolicySource const* source = nullptr) {
        auto const answer = ask(target, review.dump(), waited, source);
        auto const* const http = std::get_if<http::ServerResponse>(&answer);
        EXPECT_NE(http, nullptr) << "suspended";
        EXPECT_EQ(http->status, 200);
        Json const body = Json::parse(http->body);
        EXPECT_EQ(body["apiVersion"], "admission.k8s.io/v1");
        EXPECT_EQ(body["kind"], "AdmissionReview");
        EXPECT_EQ(body["response"]["uid"], review["request"]["uid"]);
        return body["response"];
    }
    int status(std::string const& target, std::string const& body) {
        auto const answer = ask(target, body);
        auto const* const http = std::get_if<http::ServerResponse>(&answer);
        EXPECT_TRUE(http != nullptr && (http->status == 200 || http->body.empty()))
            << "the API server shows bodies of failed calls to users";
        return http == nullptr ? 0 : http->status;
    }
};

Json good_pod() {
    Json object = test::pod(good);
    object["spec"]["imagePullSecrets"] = {{{"name", "registry-tenancy"}}};
    return object;
}

TEST_F(Edge, AllowsWithAuditAnnotationsAndNothingElse) {
    Json const answer = response("/validate?timeout=3s", test::admission_review(good_pod()));
    EXPECT_EQ(answer["allowed"], true);
    EXPECT_EQ(answer["auditAnnotations"],
              (Json{{"decision", "allowed"}, {"tenancies", "cainiao"}, {"snapshotAgeMs", "0"}}));
    EXPECT_EQ(answer.size(), 3U) << answer;
    EXPECT_TRUE(noted.notes.empty());
}

TEST_F(Edge, DeniesAsForbiddenWithMessageAndCauses) {
    Json object = good_pod();
    object["spec"]["containers"][0]["image"] = bad;
    Json const answer = response("/validate", test::admission_review(object));
    EXPECT_EQ(answer["allowed"], false);
    Json const& status = answer["status"];
    EXPECT_EQ(status["status"], "Failure");
    EXPECT_EQ(status["code"], 403);
    EXPECT_EQ(status["reason"], "Forbidden");
    std::string const message = status["message"];
    EXPECT_EQ(message.find("[RT-NotAllowed] "), 0U) << message;
    EXPECT_NE(message.find("#registry-help"), std::string::npos);
    EXPECT_EQ(message.find("acs:ram"), std::string::npos) << "role ARNs are never shown";
    Json const& cause = status["details"]["causes"][0];
    EXPECT_EQ(cause["reason"], "RT-NotAllowed");
    EXPECT_EQ(cause["field"], "spec.containers[0].image");
    EXPECT_EQ(answer["auditAnnotations"]["decision"], "denied");
    EXPECT_EQ(answer["auditAnnotations"]["images"], bad);
    EXPECT_FALSE(answer.contains("patch"));
    ASSERT_EQ(noted.notes.size(), 1U);
    EXPECT_EQ(noted.notes[0].find('\n'), std::string::npos);
    EXPECT_NE(metrics.text().find("{decision=\"denied\",endpoint=\"validate\",reason=\"RT-"
                                  "NotAllowed\"} 1"),
              std::string::npos);
}

TEST_F(Edge, WarnAndAuditAllowAndTell) {
    struct Case {
        char const* enforcement;
        std::size_t warnings;
        char const* decision;
    };
    Json object = good_pod();
    object["spec"]["containers"][0]["image"] = "evil\n\x1b[31m/image";
    for (Case const& c : {Case{"Warn", 1, "warned"}, Case{"Audit", 0, "audited"}}) {
        world.change_tenancy([&](Json& spec) { spec["enforcement"] = c.enforcement; });
        Json const answer = response("/validate", test::admission_review(object));
        EXPECT_EQ(answer["allowed"], true);
        EXPECT_EQ(answer.value("warnings", Json::array()).size(), c.warnings);
        for (Json const& warning : answer.value("warnings", Json::array())) {
            std::string const text = warning;
            EXPECT_LE(text.size(), 256U);
            EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char x) {
                return x >= 0x20 && x < 0x7f;
            })) << text;
        }
        EXPECT_EQ(answer["auditAnnotations"]["decision"], c.decision);
        EXPECT_EQ(answer["auditAnnotations"]["reason"], "RT-Unparseable");
        EXPECT_EQ(answer["auditAnnotations"]["images"], "evil\\x0A\\x1B[31m/image");
        EXPECT_EQ(noted.notes.back().find(c.decision), 0U);
    }
}

TEST_F(Edge, MutateInjectsAndNeverAuthorises) {
    Json const answer = response("/mutate?timeout=3s", test::admission_review(test::pod(bad)));
    EXPECT_EQ(answer["allowed"], true);
    EXPECT_EQ(answer["patchType"], "JSONPatch");
    auto const patch = base64_decode(answer["patch"].get<std::string>());
    ASSERT_TRUE(patch);
    EXPECT_EQ(test::pod(bad).patch(Json::parse(*patch))["spec"]["imagePullSecrets"],
              (Json::array({{{"name", "registry-tenancy"}}})));
    Json const nothing = response("/mutate", test::admission_review(good_pod()));
    EXPECT_EQ(nothing.size(), 2U) << "patch and patchType stand together or not at all";
    Json odd = test::admission_review(test::pod(bad));
    odd["request"]["object"]["spec"]["containers"] = 7;
    EXPECT_EQ(response("/mutate", odd)["allowed"], true);
}

TEST_F(Edge, EveryReadableUidGetsAnAnswer) {
    for (char const* const uid : {"705ab4f5-6393-11e8-b7cc-42010a800002", "x", "with \"quotes\" \\",
                                  "tab\tand\nline", "\xC3\xA9"}) {
        Json review = test::admission_review(good_pod());
        review["request"]["uid"] = uid;
        EXPECT_EQ(response("/validate", review)["allowed"], true) << uid;
        EXPECT_EQ(response("/mutate", review)["allowed"], true);
        EXPECT_EQ(response("/validate-registrytenancy", review)["allowed"], true);
        review["request"].erase("object");
        Json const refused = response("/validate", review);
        EXPECT_EQ(refused["allowed"], false);
        EXPECT_EQ(refused["auditAnnotations"]["reason"], "RT-PolicyUnavailable");
        EXPECT_EQ(response("/mutate", review)["allowed"], true);
    }
}

TEST_F(Edge, EverythingElseGetsAnEmptyError) {
    std::string const review = test::admission_review(good_pod()).dump();
    for (char const* const target : {"/mutate", "/validate", "/validate-registrytenancy"}) {
        for (std::string const& body :
             {std::string(), std::string("{}"), std::string("[1]"), review + "}",
              std::string("{\"request\":{\"uid\":\"\"}}")}) {
            EXPECT_EQ(status(target, body), 400) << target << " " << body;
        }
    }
    EXPECT_EQ(status("/validate-registrytenancy", std::string(5U << 20U, ' ')), 413);
    EXPECT_EQ(status("/", review), 404);
    EXPECT_EQ(status("/validate/", review), 404);
    EXPECT_EQ(status("/validatex?y", review), 404);
    FixedPolicySource const source(world.view());
    Endpoint const endpoint(source, settings, admission, nullptr, world.clock, {"kube-apiserver"});
    test::PaddedBody const body(review);
    http::ServerRequest request{"POST", "/validate", "application/json", body.view(), {}, "other"};
    auto const code = [&] {
        return std::get<http::ServerResponse>(endpoint.answer(request)).status;
    };
    EXPECT_EQ(code(), 403) << "another client certificate";
    request.client_common_name = "kube-apiserver";
    EXPECT_EQ(code(), 200);
    request.content_type = "application/json; charset=utf-8";
    EXPECT_EQ(code(), 200);
    request.content_type = "application/jsonx";
    EXPECT_EQ(code(), 415);
    request.content_type = "application/json";
    request.method = "GET";
    EXPECT_EQ(code(), 405);
}

TEST_F(Edge, AnUnknownNamespaceSuspendsUntilItIsKnownOrTimeIsUp) {
    Json object = good_pod();
    object["metadata"]["namespace"] = "new";
    Json const review = test::admission_review(object);
    auto const suspended = [&](char const* target, milliseconds waited) {
        return std::holds_alternative<http::Suspend>(ask(target, review.dump(), waited));
    };
    EXPECT_TRUE(suspended("/validate?timeout=3s", milliseconds{0}));
    EXPECT_TRUE(suspended("/validate?timeout=3s", milliseconds{1'499}));
    EXPECT_FALSE(suspended("/validate?timeout=3s", milliseconds{1'500})) << "half the deadline";
    EXPECT_TRUE(suspended("/validate?timeout=30s", milliseconds{1'999}));
    EXPECT_FALSE(suspended("/validate?timeout=30s", milliseconds{2'000})) << "2 s at most";
    EXPECT_FALSE(suspended("/validate?timeout=1s", milliseconds{500}));
    EXPECT_FALSE(suspended("/validate", milliseconds{1'500})) << "the default is 3 s";
    EXPECT_FALSE(suspended("/mutate?timeout=3s", milliseconds{0})) << "injecting needs no answer";
    Json const late = response("/validate?timeout=3s", review, milliseconds{2'000});
    EXPECT_EQ(late["allowed"], false);
    EXPECT_EQ(late["auditAnnotations"]["reason"], "RT-PolicyUnavailable");
    world.builder.upsert_namespace(test::namespace_object("new"));
    EXPECT_EQ(response("/validate?timeout=3s", review, milliseconds{20})["allowed"], true);
    EXPECT_EQ(noted.notes.size(), 5U) << "suspensions are not decisions";
}

TEST_F(Edge, AFailureOfOursDeniesAndNeverAllows) {
    Failing const failing;
    Json const review = test::admission_review(good_pod());
    Json const denied = response("/validate", review, milliseconds{0}, &failing);
    EXPECT_EQ(denied["allowed"], false);
    EXPECT_EQ(denied["auditAnnotations"]["reason"], "RT-PolicyUnavailable");
    EXPECT_EQ(response("/mutate", test::admission_review(test::pod(bad)), milliseconds{0},
                       &failing)["allowed"],
              true);
    noted.throws = true;
    Json object = good_pod();
    object["spec"]["containers"][0]["image"] = bad;
    Json const answer = response("/validate", test::admission_review(object));
    EXPECT_EQ(answer["auditAnnotations"]["reason"], "RT-NotAllowed") << "noting it failed, no more";
    world.change_tenancy([](Json& spec) { spec["enforcement"] = "Audit"; });
    EXPECT_EQ(response("/validate", test::admission_review(object))["allowed"], true);
}

TEST_F(Edge, PassesDryRunOn) {
    Json object = good_pod();
    object["spec"]["containers"][0]["image"] = bad;
    Json review = test::admission_review(object);
    review["request"]["dryRun"] = true;
    EXPECT_EQ(response("/validate", review)["allowed"], false);
    EXPECT_NE(noted.notes.at(0).find(" dry "), std::string::npos);
}

TEST(Timeout, IsReadAsGoWritesDurations) {
    milliseconds const fallback{7};
    struct Case {
        char const* query;
        milliseconds expected;
    };
    for (Case const& c :
         {Case{"?timeout=3s", milliseconds{3'000}}, Case{"timeout=10s", milliseconds{10'000}},
          Case{"?a=b&timeout=1m0s", milliseconds{30'000}},
          Case{"?timeout=500ms", milliseconds{500}}, Case{"?timeout=1.5s&x=y", milliseconds{1'500}},
          Case{"", fallback}, Case{"?timeout=", fallback}, Case{"?timeout=abc", fallback},
          Case{"?timeout=3", fallback}, Case{"?timeout=-3s", fallback},
          Case{"?notimeout=3s", fallback}, Case{"?timeout=3h", fallback}}) {
        EXPECT_EQ(parse_timeout(c.query, fallback), c.expected) << c.query;
    }
}

}  // namespace
}  // namespace rt::webhook
