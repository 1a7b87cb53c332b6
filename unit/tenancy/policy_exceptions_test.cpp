#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/tenancy/grant.hpp"
#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/session_policy.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::active;
using testing::catalog;
using testing::exception_spec;
using testing::one_registry;
using testing::tenancy;
using Tenancies = std::vector<std::shared_ptr<RegistryTenancy const>>;
using Exceptions = std::vector<ActiveException>;

std::string const digest_a = "sha256:" + std::string(64, 'a');
std::string const digest_b = "sha256:" + std::string(64, 'b');
std::string const acr = std::string(testing::public_host) + "/";
std::string const other_role = "acs:ram::1146716667364888:role/acr-other";

Json of_registry(std::string_view key, std::string_view path,
                 std::string_view name = "shared-acr") {
    return {{"registry", name}, {std::string(key), path}};
}
Json of_host(std::string_view host, std::string_view key, std::string_view path) {
    return {{"host", host}, {std::string(key), path}};
}
Json pinned(Json image, std::string const& digest) {
    image["digest"] = digest;
    return image;
}

Json cainiao_spec() {
    return one_registry("shared-acr", {{{"namespace", "cainiao"}},
                                       {{"repository", "base/jdk"}, {"deprecated", "soon"}}});
}

NamespacePolicy policy(Exceptions exceptions,
                       Tenancies governing = {tenancy("cainiao", cainiao_spec())}) {
    return NamespacePolicy::compile(std::move(governing), {}, std::move(exceptions), catalog());
}

Exceptions one(Json image) {
    return {active("x", exception_spec(Json::array({std::move(image)})))};
}

TEST(Exceptions, OpenExactlyWhatTheyName) {
    using Kind = Verdict::Kind;
    struct Case {
        Json image;
        std::string reference;
        Kind kind;
    };
    for (auto const& [image, reference, kind] : std::vector<Case>{
             {of_registry("repository", "alipay/a1"), acr + "alipay/a1:v1",
              Kind::AllowedByException},
             {of_registry("repository", "alipay/a1"), acr + "alipay/a1@" + digest_a,
              Kind::AllowedByException},
             {of_registry("repository", "alipay/a1"), acr + "alipay/a1/x", Kind::PathNotAllowed},
             {of_registry("repository", "alipay/a1"), acr + "alipay/a10", Kind::PathNotAllowed},
             {of_registry("repository", "alipay/a1"), "docker.io/alipay/a1", Kind::RegistryUnknown},
             {of_registry("namespace", "alipay"), acr + "alipay/b/c:v1", Kind::AllowedByException},
             {of_registry("namespace", "alipay"), acr + "alipay-x/b", Kind::PathNotAllowed},
             {of_registry("namespace", "*"), acr + "any/thing", Kind::AllowedByException},
             // What a tenancy allows needs no exception, deprecated or not.
             {of_registry("namespace", "*"), acr + "cainiao/x", Kind::Allowed},
             {of_registry("namespace", "*"), acr + "base/jdk", Kind::AllowedDeprecated},
             // A digest opens this digest alone, with or without a tag before it.
             {pinned(of_registry("repository", "alipay/a1"), digest_a),
              acr + "alipay/a1@" + digest_a, Kind::AllowedByException},
             {pinned(of_registry("repository", "alipay/a1"), digest_a),
              acr + "alipay/a1:v1@" + digest_a, Kind::AllowedByException},
             {pinned(of_registry("repository", "alipay/a1"), digest_a),
              acr + "alipay/a1@" + digest_b, Kind::PathNotAllowed},
             {pinned(of_registry("repository", "alipay/a1"), digest_a), acr + "alipay/a1:v1",
              Kind::PathNotAllowed},
             {of_host("docker.io", "namespace", "library"), "nginx", Kind::AllowedByException},
             {of_host("docker.io", "repository", "library/nginx"), "nginx:1.27",
              Kind::AllowedByException},
             {of_host("docker.io", "repository", "nginx"), "nginx", Kind::RegistryUnknown},
             {of_host("docker.io", "repository", "library/nginx"), "bitnami/nginx",
              Kind::RegistryUnknown},
             {of_host("quay.io", "namespace", "*"), "quay.io/a/b", Kind::AllowedByException},
             {of_host("quay.io", "namespace", "*"), "quay.io:443/a/b", Kind::RegistryUnknown},
             {of_host("*", "namespace", "*"), "quay.io:443/a/b", Kind::AllowedByException},
             {of_host("*", "namespace", "*"), acr + "alipay/a1", Kind::AllowedByException},
             // A registry by its host: admission only.
             {of_host(testing::public_host, "namespace", "alipay"), acr + "alipay/a1",
              Kind::AllowedByException},
             // Registries that don't exist have no hosts.
             {of_registry("namespace", "*", "nowhere"), "nowhere/a", Kind::RegistryUnknown},
         }) {
        auto const compiled = policy(one(image));
        auto const verdict = compiled.judge(ImageReference::parse(reference).value());
        EXPECT_EQ(verdict.kind, kind) << image << ' ' << reference;
        EXPECT_EQ(verdict.exception != nullptr, kind == Kind::AllowedByException);
        if (verdict.exception != nullptr) {
            EXPECT_EQ(verdict.exception->name, "x");
            EXPECT_TRUE(verdict.allowed());
        }
    }
}

TEST(Exceptions, ANameWhoseHostIsUncertainIsOpenedByNothing) {
    auto const compiled = policy(one(of_host("*", "namespace", "*")));
    auto const image = ImageReference::parse("under_score.example.com/a").value();
    ASSERT_EQ(image.registry(), "");
    EXPECT_FALSE(compiled.judge(image).allowed());
}

TEST(Exceptions, OfSeveralTheOneThatEndsLastIsNamed) {
    Json early = exception_spec(Json::array({of_registry("repository", "alipay/a1")}));
    Json late = early;
    early["expiresAt"] = "2026-11-25T00:00:00Z";
    for (auto const& exceptions : {Exceptions{active("early", early), active("late", late)},
                                   Exceptions{active("late", late), active("early", early)}}) {
        auto const compiled = policy(exceptions);
        auto const verdict = compiled.judge(ImageReference::parse(acr + "alipay/a1").value());
        EXPECT_EQ(verdict.exception->name, "late");
    }
}

TEST(Exceptions, WithoutATenancyTheyOpenAndAskForNoSecret) {
    auto const compiled = policy(one(of_registry("namespace", "alipay")), {});
    EXPECT_TRUE(compiled.judge(ImageReference::parse(acr + "alipay/a1").value()).allowed());
    EXPECT_FALSE(compiled.judge(ImageReference::parse(acr + "cainiao/a1").value()).allowed());
    EXPECT_FALSE(compiled.wants_pull_secret());
    EXPECT_EQ(compiled.enforcement(), Enforcement::Deny);
    EXPECT_TRUE(policy({}).wants_pull_secret());
}

Credentials credentials(Exceptions exceptions, Tenancies governing) {
    auto const registries = catalog();
    auto const compiled =
        NamespacePolicy::compile(std::move(governing), {}, std::move(exceptions), registries);
    return credentials_of(compiled, registries, "team", "demo");
}

std::string allow_of(CredentialSpec const& spec) {
    std::string out;
    for (auto const& entry : spec.allow) {
        out += (out.empty() ? "" : " ") + entry.display();
    }
    return out;
}

TEST(ExceptionCredentials, ExtendTheOnlyCredentialOfTheRegistry) {
    auto const before = credentials({}, {tenancy("cainiao", cainiao_spec())});
    auto const after = credentials(one(pinned(of_registry("repository", "alipay/a1"), digest_a)),
                                   {tenancy("cainiao", cainiao_spec())});
    ASSERT_EQ(after.specs.size(), 1U);
    EXPECT_TRUE(after.problems.empty());
    // By repository: no registry knows rights on digests.
    EXPECT_EQ(allow_of(after.specs[0]), "cainiao/* alipay/a1 base/jdk");
    EXPECT_EQ(after.specs[0].exceptions, (std::vector<std::string>{"x"}));
    EXPECT_EQ(after.specs[0].tenancies, (std::vector<std::string>{"cainiao"}));
    EXPECT_NE(after.specs[0].inputs_hash(), before.specs[0].inputs_hash());
}

TEST(ExceptionCredentials, WhatATenancyAllowsAnywayChangesNothing) {
    auto const before = credentials({}, {tenancy("cainiao", cainiao_spec())});
    for (Json const& image :
         {of_registry("namespace", "cainiao"), of_registry("repository", "base/jdk"),
          of_host("docker.io", "namespace", "library"), of_host("*", "namespace", "*"),
          of_registry("namespace", "library", "docker-hub")}) {
        auto const after = credentials(one(image), {tenancy("cainiao", cainiao_spec())});
        ASSERT_EQ(after.specs.size(), 1U);
        EXPECT_EQ(after.specs[0].inputs_hash(), before.specs[0].inputs_hash()) << image;
        EXPECT_TRUE(after.specs[0].exceptions.empty());
        EXPECT_TRUE(after.problems.empty());
    }
}

TEST(ExceptionCredentials, ProblemsAreToldAndNeverTouchTheTenancy) {
    Json with_tenancy = exception_spec(Json::array({of_registry("repository", "alipay/a1")}));
    with_tenancy["tenancy"] = "other";
    Json unknown_tenancy = with_tenancy;
    unknown_tenancy["tenancy"] = "nobody";
    Json many = Json::array();
    for (int i = 0; i < 40; ++i) {
        many.push_back(of_registry("repository", "alipay/image-number-" + std::to_string(i)));
    }
    Json const single = exception_spec(Json::array({of_registry("repository", "alipay/a1")}));
    auto const cainiao = tenancy("cainiao", cainiao_spec(), 2);
    auto const other =
        tenancy("other", one_registry("shared-acr", {{{"namespace", "other"}}}, other_role), 1);
    struct Case {
        Json spec;
        Tenancies governing;
        std::string reason;  ///< empty: none
        std::string extended;
    };
    for (auto const& [spec, governing, reason, extended] : std::vector<Case>{
             {single, {cainiao, other}, "CredentialAmbiguous", ""},
             {with_tenancy, {cainiao, other}, "", "acr-other"},
             {unknown_tenancy, {cainiao, other}, "NoCredential", ""},
             {with_tenancy, {cainiao}, "NoCredential", ""},
             {single, {}, "NoCredential", ""},
             {exception_spec(many), {cainiao}, "PolicyTooLarge", ""},
             {exception_spec(Json::array({of_registry("namespace", "a", "nowhere")})),
              {cainiao},
              "RegistryNotFound",
              ""},
         }) {
        auto const result = credentials({active("x", spec)}, governing);
        auto const without = credentials({}, governing);
        ASSERT_EQ(result.specs.size(), without.specs.size());
        ASSERT_EQ(result.problems.size(), reason.empty() ? 0U : 1U) << spec;
        if (!reason.empty()) {
            EXPECT_EQ(result.problems[0].reason, reason);
            EXPECT_EQ(result.problems[0].exception, "x");
            EXPECT_EQ(result.problems[0].message.find("1146716667364888"), std::string::npos);
        }
        for (std::size_t i = 0; i < result.specs.size(); ++i) {
            bool const is_extended = !extended.empty() && result.specs[i].role->name() == extended;
            EXPECT_EQ(result.specs[i].inputs_hash() != without.specs[i].inputs_hash(), is_extended);
        }
    }
}

TEST(ExceptionCredentials, TheOldestOnesFitAndTheRestIsLeftOut) {
    Exceptions exceptions;
    for (int i = 0; i < 40; ++i) {
        std::string const number = std::to_string(100 + i);
        exceptions.push_back(active("x" + number,
                                    exception_spec(Json::array({of_registry(
                                        "repository", "alipay/image-number-" + number)})),
                                    40 - i));
    }
    auto const result = credentials(exceptions, {tenancy("cainiao", cainiao_spec())});
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(result.specs[0].exceptions.front(), "x100");
    EXPECT_EQ(result.specs[0].exceptions.size() + result.problems.size(), 40U);
    EXPECT_GT(result.problems.size(), 10U);
    EXPECT_EQ(result.problems.back().exception, "x139");
    EXPECT_TRUE(acr_session_policy(*result.specs[0].registry->alibaba_acr,
                                   result.specs[0].role->account(), result.specs[0].allow));
}

TEST(ExceptionGrant, SaysWhatIsOpenAndUntilWhen) {
    Exceptions const exceptions{
        active("x", exception_spec({of_registry("repository", "alipay/a1"),
                                    pinned(of_registry("repository", "alipay/b"), digest_a),
                                    of_host("docker.io", "namespace", "library")})),
        active("y", exception_spec(
                        {of_registry("repository", "alipay/a1"), of_host("*", "namespace", "*")}))};
    std::vector<GrantProblem> const problems{
        {"shared-acr", "", "PolicyTooLarge", "left out", std::nullopt, "y"}};
    Json const grant = effective_grant(policy(exceptions), problems, "team");
    Json const& spec = grant["spec"];
    EXPECT_EQ(spec["exceptions"], parse_json(R"([
        {"name": "x", "endsAt": "2026-12-01T00:00:00Z"},
        {"name": "y", "endsAt": "2026-12-01T00:00:00Z"}])")
                                      .value());
    EXPECT_EQ(spec["registries"][0]["allow"], parse_json(R"([
        {"namespace": "cainiao", "tenancies": ["cainiao"]},
        {"repository": "base/jdk", "deprecated": "soon", "tenancies": ["cainiao"]},
        {"repository": "alipay/a1", "exceptions": ["x", "y"]},
        {"image": "alipay/b@)" + digest_a + R"(", "exceptions": ["x"]}])")
                                                  .value());
    EXPECT_EQ(spec["hosts"], parse_json(R"([
        {"host": "*", "allow": [{"namespace": "*", "exceptions": ["y"]}]},
        {"host": "docker.io", "allow": [{"namespace": "library", "exceptions": ["x"]}]}])")
                                 .value());
    EXPECT_EQ(grant["problems"][0]["exception"], "y");
    EXPECT_EQ(grant["summary"].get<std::string>().substr(0, 91),
              "shared-acr: cainiao/*, base/jdk; until 2026-12-01T00:00:00Z: shared-acr: alipay/a1, "
              "shared-");
    Json const without = effective_grant(policy({}), {}, "team");
    EXPECT_FALSE(without["spec"].contains("exceptions"));
    EXPECT_FALSE(without["spec"].contains("hosts"));
}

TEST(ExceptionMessage, NamesTheExceptionAndItsEnd) {
    auto const compiled = policy(one(of_registry("repository", "alipay/a1")));
    std::string const written = acr + "alipay/a1:v1";
    auto const image = ImageReference::parse(written).value();
    Finding const finding =
        finding_of("spec.containers[0].image", "web", image, compiled.judge(image), compiled);
    EXPECT_EQ(finding.reason, Reason::Exception);
    EXPECT_EQ(finding.exception, "x");
    EXPECT_EQ(render_warning({"team", &compiled, 1}, finding),
              "RT-Exception: spec.containers[0].image \"web\": " + acr +
                  "alipay/a1:v1: allowed only until 2026-12-01T00:00:00Z, by RegistryException "
                  "\"x\"");
}

TEST(ExceptionCredentials, WhatAmazonsPolicyCantHoldIsLeftOutAsWell) {
    RegistryCatalog const registries({testing::registry("shared-ecr", testing::ecr_spec())});
    Json many = Json::array();
    for (int i = 0; i < 40; ++i) {
        many.push_back(
            of_registry("repository", "ledger/image-number-" + std::to_string(i), "shared-ecr"));
    }
    auto const payments =
        tenancy("payments", one_registry("shared-ecr", {{{"namespace", "payments"}}},
                                         "arn:aws:iam::111122223333:role/p"));
    auto const result = credentials_of(
        NamespacePolicy::compile({payments}, {}, {active("x", exception_spec(many))}, registries),
        registries, "team", "demo");
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(result.specs[0].allow, std::vector<AllowEntry>{testing::in_namespace("payments")});
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(result.problems[0].reason, "PolicyTooLarge");
    std::string const& message = result.problems[0].message;
    EXPECT_TRUE(
        message.starts_with("RegistryException \"x\" can't extend the credential for registry "
                            "\"shared-ecr\": the session "
                            "policy would have "))
        << message;
    EXPECT_TRUE(message.ends_with(
        ": allow fewer paths, or a registry namespace instead of single repositories"))
        << message;
    EXPECT_EQ(message.find("111122223333"), std::string::npos);
}

}  // namespace
}  // namespace rt::tenancy
