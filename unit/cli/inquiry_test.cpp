// explain, who-can, grants, diff: commands that only ask.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/pull_key.hpp"
#include "lib/base/digest.hpp"
#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

using testing::Bench;
using testing::Ran;
using testing::rules_yaml;

class InquiryTest : public ::testing::Test {
  protected:
    Ran offline(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--tenancy", bench.file("rules.yaml", rules_yaml)});
        return bench.run(arguments);
    }
    void expect_parts(Ran const& ran, std::vector<std::string> const& parts) {
        for (auto const& part : parts) {
            EXPECT_NE(ran.out.find(part), std::string::npos) << part << '\n' << ran.out << ran.err;
        }
    }

    Bench bench;
};

TEST_F(InquiryTest, ExplainTellsTheVerdictWhatIsBehindItAndWhatIsNear) {
    struct Case {
        std::string image;
        std::string ns;
        int code;
        std::vector<std::string> parts;
    };
    for (auto const& [image, ns, code, parts] : std::vector<Case>{
             {"registry.example.com/team/a",
              "team",
              ExitOk,
              {"registry.example.com/team/a:latest", "repository team/a",
               "allowed by RegistryTenancy team (team/*)", "enforcement Deny"}},
             {"registry.example.com/base/jdk:17",
              "team",
              ExitOk,
              {"with a warning: use team/jdk", "[RT-Deprecated]", "tag 17"}},
             {"registry.example.com/taem/a:1",
              "team",
              ExitFailed,
              {"denied: ", "[RT-NotAllowed]", "nearest     registry.example.com/team/a:1"}},
             {"nginx", "team", ExitFailed, {"docker.io/library/nginx:latest", "denied"}},
             {"nginx", "sky", ExitOk, {"allowed only because enforcement is Warn"}},
             {"nginx", "free", ExitOk, {"no RegistryTenancy governs"}},
             {"nginx", "kube-system", ExitOk, {"does not judge this namespace"}},
             {"nginx", "unheard", ExitUsage, {"not judged", "labels"}},
             {"No:No:No", "team", ExitFailed, {"refused wherever a tenancy governs"}},
         }) {
        auto const ran = offline({"explain", image, "-n", ns});
        EXPECT_EQ(ran.code, code) << image << ns << ran.out << ran.err;
        expect_parts(ran, parts);
    }
    auto const json = parse_json(offline({"explain", "nginx", "-n", "team", "-o", "json"}).out);
    ASSERT_TRUE(json);
    EXPECT_EQ((*json)["verdict"], "deny");
    EXPECT_EQ((*json)["code"], "RT-NotAllowed");
    EXPECT_EQ((*json)["namespace"], "team");
}

TEST_F(InquiryTest, AnExceptionAllowsUntilItsEndAndIsNamed) {
    std::string const exception = bench.file("exception.yaml", R"(
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryException
metadata: {name: inc-1}
spec:
  namespaces: [team]
  images: [{host: docker.io, repository: library/nginx}]
  reason: INC-1
  expiresAt: "2026-01-02T04:00:00Z"
)");
    std::vector<std::string> const ask{"explain", "nginx", "-n", "team", "--tenancy", exception};
    auto const during = offline(ask);
    EXPECT_EQ(during.code, ExitOk) << during.out;
    expect_parts(during, {"by RegistryException inc-1", "2026-01-02T04:00:00Z", "[RT-Exception]"});
    expect_parts(offline({"who-can", "nginx", "--tenancy", exception}),
                 {"RegistryException inc-1 until"});
    bench.clock.advance(std::chrono::hours(1));
    EXPECT_EQ(offline(ask).code, ExitFailed);
}

TEST_F(InquiryTest, ExplainNamesTheKeyAndItsEnd) {
    bench.api.put(kube::types::registries, {{"metadata", {{"name", "shared"}}},
                                            {"spec",
                                             {{"hosts", {"registry.example.com"}},
                                              {"type", "Anonymous"},
                                              {"anonymous", Json::object()}}}});
    bench.api.put(
        kube::types::registry_tenancies,
        {{"metadata", {{"name", "team"}}},
         {"spec",
          {{"namespaces", {"team"}},
           {"registries", {{{"name", "shared"}, {"allow", {{{"namespace", "team"}}}}}}}}}});
    bench.api.put(kube::types::namespaces, {{"metadata", {{"name", "team"}}}});
    std::vector<std::string> const ask{"explain", "registry.example.com/team/a", "-n", "team"};
    expect_parts(bench.run(ask), {"there is no Secret team/registry-tenancy"});
    std::string const config =
        R"({"auths":{"registry.example.com/team/":{"auth":")" + base64_encode("u:canary") + "\"}}}";
    bench.api.put(
        kube::types::secrets,
        {{"metadata",
          {{"name", "registry-tenancy"},
           {"namespace", "team"},
           {"annotations",
            {{"registrytenancy.dev/credentials",
              R"({"shared":{"issuedAt":"2026-01-02T03:00:00Z","expiresAt":"2026-01-02T04:04:05Z",)"
              R"("inputs":"x"}})"}}}}},
         {"data", {{".dockerconfigjson", base64_encode(config)}}}});
    auto const ran = bench.run(ask);
    expect_parts(ran, {"registry.example.com/team/ in Secret team/registry-tenancy",
                       "until 2026-01-02T04:04:05Z (in 60 minutes)"});
    EXPECT_EQ(ran.out.find("canary"), std::string::npos);
    EXPECT_EQ(ran.out.find(base64_encode("u:canary")), std::string::npos);
    bench.api.fail_next(test::Verb::Get, kube::types::secrets,
                        Error{ErrorKind::Forbidden, "get secrets"});
    expect_parts(bench.run(ask), {"you may not read Secret team/registry-tenancy"});
}

TEST(MatchingKey, IsTheOneThatAKubeletTakes) {
    std::vector<std::string> const keys{"r.example.com/team/", "r.example.com/team/sub/",
                                        "r.example.com/base/jdk", "other.example.com",
                                        "r.example.com/v2/v2/x/"};
    struct Case {
        std::string image;
        std::string key;
    };
    for (auto const& [image, key] : std::vector<Case>{
             {"r.example.com/team/a:1", "r.example.com/team/"},
             {"r.example.com/team/sub/a", "r.example.com/team/sub/"},
             {"r.example.com/team-x/a", ""},
             {"r.example.com/base/jdk@sha256:" + std::string(64, 'a'), "r.example.com/base/jdk"},
             {"other.example.com/any/thing", "other.example.com"},
             {"r.example.com.evil.com/team/a", ""},
             {"r.example.com/v2/x/a", "r.example.com/v2/v2/x/"},
             {"nginx", ""},
         }) {
        auto const reference = tenancy::ImageReference::parse(image);
        ASSERT_TRUE(reference) << image;
        EXPECT_EQ(matching_key(keys, *reference), key) << image;
    }
}

TEST_F(InquiryTest, WhoCanListsNamespacesAndWhatIsBehind) {
    auto const ran = offline({"who-can", "registry.example.com/team/a"});
    EXPECT_EQ(ran.code, ExitOk);
    expect_parts(ran,
                 {"NAMESPACE", "team        allowed", "sky         not allowed, enforcement Warn",
                  "and 1 namespaces that no tenancy governs"});
    auto const json =
        parse_json(offline({"who-can", "registry.example.com/team/a", "-o", "json"}).out);
    ASSERT_TRUE(json);
    ASSERT_EQ(json->size(), 2U);
    EXPECT_EQ((*json)[1]["tenancies"], Json::array({"team"}));
    EXPECT_EQ(offline({"who-can", "No:No"}).code, ExitUsage);
}

TEST_F(InquiryTest, GrantsAreATableAndWithANamespaceAllAboutIt) {
    auto const table = offline({"grants"});
    EXPECT_EQ(table.code, ExitOk) << table.err;
    expect_parts(table, {"NAMESPACE", "sky", "Warn", "team", "Deny", "shared: team/*, base/jdk"});
    auto const one = offline({"grants", "-n", "team"});
    expect_parts(one, {"namespace team: enforcement Deny", "base/jdk", "use team/jdk", "team/*"});
    EXPECT_EQ(one.out.find("blue"), std::string::npos);
    bench.api.put(kube::types::registry_grants,
                  {{"metadata", {{"name", "effective"}, {"namespace", "live"}}},
                   {"summary", "shared: x/*"},
                   {"spec", {{"enforcement", "Audit"}, {"tenancies", {"t"}}}},
                   {"problems", {{{"reason", "RoleDenied"}, {"message", "ask"}}}}});
    expect_parts(bench.run({"grants"}), {"live", "Audit", "shared: x/*", "1"});
    expect_parts(bench.run({"grants", "-n", "live"}), {"RoleDenied: ask"});
    expect_parts(bench.run({"grants", "-n", "none"}), {"no RegistryGrant in namespace none"});
    bench.api.fail_next(test::Verb::List, kube::types::registry_grants,
                        Error{ErrorKind::Forbidden, "list registrygrants"});
    EXPECT_NE(bench.run({"grants"}).err.find("with -n"), std::string::npos);
}

std::string tenancy_yaml(std::string const& name, std::string const& rest) {
    return "apiVersion: registrytenancy.dev/v1alpha1\nkind: RegistryTenancy\nmetadata: {name: " +
           name + "}\nspec: {" + rest + "}\n";
}

TEST_F(InquiryTest, DiffTellsWhatIsNewlyDeniedAndAllowedAndToWhom) {
    struct Case {
        std::string changed;
        int code;
        std::vector<std::string> parts;
        std::string absent;
    };
    for (auto const& [changed, code, parts, absent] : std::vector<Case>{
             {tenancy_yaml("team",
                           "namespaces: [team], registries: [{name: shared, allow: "
                           "[{namespace: team}, {repository: base/jdk, deprecated: use "
                           "team/jdk}]}], imagePullSecrets: {policy: Listed, allowed: "
                           "[mine]}"),
              ExitOk,
              {"nothing changes"},
              ""},
             {tenancy_yaml("team",
                           "namespaces: [team], registries: [{name: shared, allow: "
                           "[{namespace: team/sub}, {namespace: new}]}], "
                           "imagePullSecrets: {policy: Listed, allowed: [mine]}"),
              ExitFailed,
              {"in team:", "newly denied: registry.example.com/team/*",
               "newly denied: registry.example.com/base/jdk",
               "newly allowed: registry.example.com/new/*"},
              "newly allowed: registry.example.com/team/sub"},
             {tenancy_yaml("blue",
                           "namespaceSelector: {matchLabels: {team: blue}}, enforcement: "
                           "Deny, registries: [{name: shared, allow: [{namespace: "
                           "blue}]}]"),
              ExitFailed,
              {"in sky:", "enforcement Warn -> Deny"},
              "newly"},
             {tenancy_yaml("more",
                           "namespaces: [free], registries: [{name: shared, allow: "
                           "[{namespace: f}]}]"),
              ExitFailed,
              {"in free:", "newly governed", "every image that is not allowed below"},
              ""},
         }) {
        auto const ran = offline({"diff", "-f", bench.file("changed.yaml", changed)});
        EXPECT_EQ(ran.code, code) << ran.out << ran.err;
        expect_parts(ran, parts);
        EXPECT_TRUE(absent.empty() || ran.out.find(absent) == std::string::npos) << ran.out;
    }
    auto const deleted = offline({"diff", "--delete", "team"});
    EXPECT_EQ(deleted.code, ExitFailed);
    expect_parts(deleted, {"in team:", "no longer governed: every image is allowed there"});
    EXPECT_EQ(offline({"diff", "--delete", "nobody"}).code, ExitUsage);
    EXPECT_EQ(offline({"diff", "-f", bench.file("none.yaml", "apiVersion: v1\nkind: X\n")}).code,
              ExitUsage);
}

TEST_F(InquiryTest, DiffNamesCustomKindsOfTheCluster) {
    kube::ResourceType const rollouts{"argoproj.io", "v1alpha1", "rollouts", "Rollout", true};
    bench.api.serve(rollouts);
    bench.api.put(kube::types::namespaces, {{"metadata", {{"name", "team"}}}});
    bench.api.put(
        rollouts,
        {{"metadata", {{"name", "web"}, {"namespace", "team"}}},
         {"spec",
          {{"template", {{"spec", {{"containers", {{{"name", "c"}, {"image", "nginx"}}}}}}}}}}});
    auto const ran = bench.run({"diff", "-f", bench.file("rules.yaml", rules_yaml)});
    EXPECT_EQ(ran.code, ExitFailed) << ran.err;
    expect_parts(ran, {"workloads that would be denied at their next start: 1",
                       "Rollout team/web spec.template.spec.containers[0].image nginx"});
}

}  // namespace
}  // namespace rt::cli
