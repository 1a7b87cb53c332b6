#include "lib/tenancy/policy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::anonymous_spec;
using testing::catalog;
using testing::one_registry;
using testing::registry;
using testing::tenancy;
using testing::vpc_host;

Json allow_namespace(std::string_view ns, std::string_view deprecated = "") {
    Json entry = {{"namespace", ns}};
    if (!deprecated.empty()) {
        entry["deprecated"] = deprecated;
    }
    return entry;
}
Json allow_repository(std::string_view path) {
    return {{"repository", path}};
}

Verdict::Kind judge(NamespacePolicy const& policy, std::string const& text) {
    auto const image = ImageReference::parse(text);
    EXPECT_TRUE(image) << text;
    return policy.judge(*image).kind;
}

using Kind = Verdict::Kind;

TEST(NamespacePolicy, JudgesByHostAndWholeSegments) {
    auto const policy = NamespacePolicy::compile(
        {tenancy("cainiao",
                 one_registry("shared-acr", {allow_namespace("cainiao"), allow_namespace("deep/er"),
                                             allow_repository("base/jdk")}))},
        {}, catalog());
    std::string const host(vpc_host);
    struct Case {
        std::string image;
        Kind kind;
    };
    for (auto const& [image, kind] : std::vector<Case>{
             {host + "/cainiao/a1:v0.1", Kind::Allowed},
             {host + "/cainiao/deep/er/a1", Kind::Allowed},
             {std::string(testing::public_host) + "/cainiao/a1", Kind::Allowed},
             {host + "/deep/er/a", Kind::Allowed},
             {host + "/deep/a", Kind::PathNotAllowed},
             {host + "/deep/er", Kind::PathNotAllowed},
             {host + "/deep/error/a", Kind::PathNotAllowed},
             {host + "/base/jdk:17", Kind::Allowed},
             {host + "/base/jdk/x", Kind::PathNotAllowed},
             {host + "/base/jdk17", Kind::PathNotAllowed},
             {host + "/base", Kind::PathNotAllowed},
             {host + "/alipay/a1", Kind::PathNotAllowed},
             {host + "/cainiao", Kind::PathNotAllowed},
             {host + "/cainiao-evil/a1", Kind::PathNotAllowed},
             {host + "/evil/cainiao/a1", Kind::PathNotAllowed},
             {host + ":443/cainiao/a1", Kind::RegistryUnknown},
             {"evil.io/cainiao/a1", Kind::RegistryUnknown},
             {host + ".evil.io/cainiao/a1", Kind::RegistryUnknown},
             {"evil.io/" + host + "/cainiao/a1", Kind::RegistryUnknown},
             {"x" + host + "/cainiao/a1", Kind::RegistryUnknown},
             {"cainiao/a1", Kind::RegistryUnknown},
             {"nginx", Kind::RegistryUnknown},
             {"a_b.c/cainiao/a1", Kind::RegistryUnknown},
         }) {
        EXPECT_EQ(judge(policy, image), kind) << image;
    }
    EXPECT_TRUE(policy.wants_pull_secret());
    EXPECT_EQ(policy.tenancies(), std::vector<std::string>{"cainiao"});
}

TEST(NamespacePolicy, DockerHubsShortNamesAreJudgedAsWhatTheyMean) {
    auto const policy = NamespacePolicy::compile(
        {tenancy("t", one_registry("docker-hub",
                                   {allow_repository("library/nginx"), allow_namespace("bitnami")},
                                   ""))},
        {}, catalog());
    EXPECT_EQ(judge(policy, "nginx"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "docker.io/nginx:1"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "index.docker.io/library/nginx"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "bitnami/redis"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "redis"), Kind::PathNotAllowed);
    EXPECT_EQ(judge(policy, "registry-1.docker.io/library/nginx"), Kind::RegistryUnknown);
    EXPECT_FALSE(policy.wants_pull_secret());
}

TEST(NamespacePolicy, AStarIsTheWholeRegistry) {
    auto const policy = NamespacePolicy::compile(
        {tenancy("t", one_registry("docker-hub", {allow_namespace("*")}, ""))}, {}, catalog());
    EXPECT_EQ(judge(policy, "nginx"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "a/b/c"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "ghcr.io/a/b"), Kind::RegistryUnknown);
}

TEST(NamespacePolicy, UnitesTenanciesAndBaselines) {
    auto const policy = NamespacePolicy::compile(
        {tenancy("a", one_registry("shared-acr", {allow_namespace("cainiao")})),
         tenancy("b", one_registry("shared-acr",
                                   {allow_namespace("alipay"), allow_namespace("cainiao")}))},
        {tenancy("base", one_registry("docker-hub", {allow_repository("library/nginx")}, ""))},
        catalog());
    EXPECT_EQ(judge(policy, std::string(vpc_host) + "/cainiao/x"), Kind::Allowed);
    EXPECT_EQ(judge(policy, std::string(vpc_host) + "/alipay/x"), Kind::Allowed);
    EXPECT_EQ(judge(policy, "nginx"), Kind::Allowed);
    ASSERT_EQ(policy.registries().size(), 2U);
    EffectiveRegistry const& acr = policy.registries()[1];
    EXPECT_EQ(acr.name, "shared-acr");
    ASSERT_EQ(acr.allow.size(), 2U);
    EXPECT_EQ(acr.allow[0].entry.path, "alipay");
    EXPECT_EQ(acr.allow[0].tenancies, std::vector<std::string>{"b"});
    EXPECT_EQ(acr.allow[1].tenancies, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(policy.tenancies(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(policy.sources().size(), 3U);
}

TEST(NamespacePolicy, TheStrictestEnforcementOfTheGoverningTenanciesCounts) {
    auto const with = [](std::string_view name, std::string_view enforcement) {
        Json spec = one_registry("docker-hub", {allow_namespace("*")}, "");
        spec["enforcement"] = enforcement;
        return tenancy(name, spec);
    };
    auto const strictest = [&](std::vector<std::shared_ptr<RegistryTenancy const>> governing) {
        return NamespacePolicy::compile(std::move(governing), {with("base", "Deny")}, catalog())
            .enforcement();
    };
    EXPECT_EQ(strictest({with("a", "Audit")}), Enforcement::Audit);
    EXPECT_EQ(strictest({with("a", "Audit"), with("b", "Warn")}), Enforcement::Warn);
    EXPECT_EQ(strictest({with("a", "Warn"), with("b", "Deny")}), Enforcement::Deny);
    EXPECT_EQ(strictest({}), Enforcement::Deny);
}

TEST(NamespacePolicy, DeprecatedOnlyWhereEveryMatchingEntryIs) {
    std::string const image = std::string(vpc_host) + "/base/jdk/x";
    auto const compile = [](std::vector<Json> const& allows) {
        std::vector<std::shared_ptr<RegistryTenancy const>> governing;
        for (auto const& allow : allows) {
            governing.push_back(
                tenancy("t" + std::to_string(governing.size()), one_registry("shared-acr", allow)));
        }
        return NamespacePolicy::compile(std::move(governing), {}, catalog());
    };
    EXPECT_EQ(judge(compile({Json::array({allow_namespace("base", "old")})}), image),
              Kind::AllowedDeprecated);
    // The same entry without reserve elsewhere.
    EXPECT_EQ(judge(compile({Json::array({allow_namespace("base", "old")}),
                             Json::array({allow_namespace("base")})}),
                    image),
              Kind::Allowed);
    EXPECT_EQ(judge(compile({Json::array({allow_namespace("base")}),
                             Json::array({allow_namespace("base", "old")})}),
                    image),
              Kind::Allowed);
    // Another entry that matches, narrower or wider.
    EXPECT_EQ(
        judge(compile({Json::array({allow_namespace("base", "old"), allow_namespace("base/jdk")})}),
              image),
        Kind::Allowed);
    EXPECT_EQ(
        judge(compile({Json::array({allow_namespace("base/jdk", "old"), allow_namespace("*")})}),
              image),
        Kind::Allowed);
    auto const both = compile(
        {Json::array({allow_namespace("base", "wide"), allow_namespace("base/jdk", "narrow")})});
    auto const reference = ImageReference::parse(image);
    Verdict const verdict = both.judge(*reference);
    EXPECT_EQ(verdict.kind, Kind::AllowedDeprecated);
    EXPECT_EQ(verdict.allow->entry.deprecated, "narrow");
}

TEST(NamespacePolicy, PullSecretsAreTheIntersectionOfTheListedOnes) {
    auto const with = [](std::string_view name, Json pull_secrets) {
        Json spec = one_registry("docker-hub", {allow_namespace("*")}, "");
        if (!pull_secrets.is_null()) {
            spec["imagePullSecrets"] = std::move(pull_secrets);
        }
        return tenancy(name, spec);
    };
    Json const ab = {{"policy", "Listed"}, {"allowed", {"b", "a"}}};
    Json const bc = {{"policy", "Listed"}, {"allowed", {"c", "b"}}};
    Json const any = {{"policy", "Any"}};
    auto const result = [&](std::vector<std::shared_ptr<RegistryTenancy const>> governing) {
        return NamespacePolicy::compile(std::move(governing), {with("base", bc)}, catalog())
            .pull_secrets();
    };
    EXPECT_FALSE(result({with("a", nullptr), with("b", any)}).listed);
    EXPECT_EQ(result({with("a", ab), with("b", any)}).allowed,
              (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(result({with("a", ab), with("b", bc)}).allowed, std::vector<std::string>{"b"});
    auto const none = result({with("a", ab), with("b", {{"policy", "Listed"}})});
    EXPECT_TRUE(none.listed);
    EXPECT_TRUE(none.allowed.empty());
}

TEST(NamespacePolicy, ARegistryThatDoesNotExistGovernsAndAllowsNothing) {
    auto const policy = NamespacePolicy::compile(
        {tenancy("t", one_registry("nowhere", {allow_namespace("*")}))}, {}, catalog());
    EXPECT_EQ(judge(policy, "nginx"), Kind::RegistryUnknown);
    ASSERT_EQ(policy.registries().size(), 1U);
    EXPECT_FALSE(policy.registries()[0].exists);
    EXPECT_FALSE(policy.wants_pull_secret());
}

TEST(NamespacePolicy, ContactAndDocsComeFromTheOldestThatHasThem) {
    Json young = one_registry("docker-hub", {allow_namespace("*")}, "");
    Json old = young;
    young["contact"] = "young";
    young["docsURL"] = "https://young.example.com";
    old["contact"] = "old";
    auto const policy =
        NamespacePolicy::compile({tenancy("a", young, 1), tenancy("b", old, 2)}, {}, catalog());
    EXPECT_EQ(policy.contact(), "old");
    EXPECT_EQ(policy.docs_url(), "https://young.example.com");
}

TEST(NamespacePolicy, StaysWholeWhenItIsMoved) {
    auto policy = NamespacePolicy::compile(
        {tenancy("t", one_registry("docker-hub", {allow_namespace("*")}, ""))}, {}, catalog());
    auto const moved = std::make_shared<NamespacePolicy const>(std::move(policy));
    EXPECT_EQ(judge(*moved, "nginx"), Kind::Allowed);
}

TEST(RegistryCatalog, AHostBelongsToTheOldestThenTheFirstName) {
    RegistryCatalog const catalog({registry("young", anonymous_spec("x.example.com"), 1),
                                   registry("old", anonymous_spec("x.example.com"), 5),
                                   registry("b", anonymous_spec("y.example.com"), 3),
                                   registry("a", anonymous_spec("y.example.com"), 3)});
    EXPECT_EQ(catalog.by_host("x.example.com")->meta.name, "old");
    EXPECT_EQ(catalog.by_host("y.example.com")->meta.name, "a");
    EXPECT_EQ(catalog.by_host("z.example.com"), nullptr);
    EXPECT_EQ(catalog.by_name("young")->meta.name, "young");
    EXPECT_EQ(catalog.by_name("none"), nullptr);
    EXPECT_TRUE(catalog.hosts_of(*catalog.by_name("young")).empty());
    EXPECT_EQ(catalog.hosts_of(*catalog.by_name("old")), std::vector<std::string>{"x.example.com"});
    ASSERT_EQ(catalog.conflicts().size(), 2U);
    // A host that was lost allows nothing, although the path would.
    auto const policy = NamespacePolicy::compile(
        {tenancy("t", one_registry("young", {allow_namespace("*")}, ""))}, {}, catalog);
    EXPECT_EQ(judge(policy, "x.example.com/a"), Kind::RegistryUnknown);
}

}  // namespace
}  // namespace rt::tenancy
