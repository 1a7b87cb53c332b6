#include "cli/check.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/yaml_documents.hpp"
#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

using testing::Bench;
using testing::pod_yaml;
using testing::Ran;
using testing::rules_yaml;

std::string const ok = "registry.example.com/team/a:1";
std::string const foreign = "registry.example.com/other/a:1";

class CheckTest : public ::testing::Test {
  protected:
    Ran check(std::string const& manifest, std::vector<std::string> arguments = {}) {
        std::string const rules = bench.file("rules.yaml", rules_yaml);
        arguments.insert(arguments.begin(), {"check", "-f", "-", "--tenancy", rules});
        return bench.run(arguments, manifest);
    }

    Json entries(std::string const& manifest, std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.end(), {"-o", "json"});
        auto const parsed = parse_json(check(manifest, std::move(arguments)).out);
        EXPECT_TRUE(parsed);
        return parsed ? *parsed : Json::array();
    }

    /// The rules as a cluster holds them.
    void fill_cluster() {
        auto const documents = read_yaml(rules_yaml);
        ASSERT_TRUE(documents);
        for (auto const& document : *documents) {
            std::string const kind = string_at(*document.value, "kind");
            bench.api.put(kind == "Registry"          ? kube::types::registries
                          : kind == "RegistryTenancy" ? kube::types::registry_tenancies
                                                      : kube::types::namespaces,
                          *document.value);
        }
    }

    Bench bench;
};

TEST_F(CheckTest, VerdictCodeAndExitCodeByImageAndNamespace) {
    struct Case {
        std::string ns;
        std::string image;
        std::string verdict;
        std::string code;
        int exit_code;
    };
    for (auto const& [ns, image, verdict, code, exit_code] : std::vector<Case>{
             {"team", ok, "allow", "", ExitOk},
             {"team", foreign, "deny", "RT-NotAllowed", ExitFailed},
             {"team", "nginx", "deny", "RT-NotAllowed", ExitFailed},
             {"team", "Not:An:Image", "deny", "RT-Unparseable", ExitFailed},
             {"team", "registry.example.com/base/jdk", "allow", "RT-Deprecated", ExitOk},
             {"sky", "registry.example.com/blue/a", "allow", "", ExitOk},
             {"sky", foreign, "allow", "RT-NotAllowed", ExitOk},  // enforcement Warn
             {"free", "nginx", "allow", "", ExitOk},
             {"kube-system", "nginx", "allow", "", ExitOk},
             // Its labels are in no file: tenancy "blue" may select it.
             {"unheard", "nginx", "deny", "RT-PolicyUnavailable", ExitUsage},
         }) {
        auto const list = entries(pod_yaml(ns, image));
        ASSERT_EQ(list.size(), 1U) << ns << ' ' << image;
        EXPECT_EQ(list[0]["verdict"], verdict) << ns << ' ' << image;
        EXPECT_EQ(list[0]["code"], code) << ns << ' ' << image;
        EXPECT_EQ(check(pod_yaml(ns, image)).code, exit_code) << ns << ' ' << image;
    }
}

TEST_F(CheckTest, JsonHasTheFieldsThatScriptsReadAndNoOthers) {
    auto const list = entries(pod_yaml("team", foreign));
    ASSERT_EQ(list.size(), 1U);
    Json const expected = {
        {"file", "-"},
        {"object", {{"apiVersion", "v1"}, {"kind", "Pod"}, {"namespace", "team"}, {"name", "web"}}},
        {"path", "spec.containers[0].image"},
        {"image", foreign},
        {"verdict", "deny"},
        {"code", "RT-NotAllowed"},
        {"tenancies", {"team"}},
        {"message", list[0]["message"]}};
    EXPECT_EQ(list[0], expected);
    EXPECT_NE(list[0]["message"].get<std::string>().find("[RT-NotAllowed]"), std::string::npos);
}

TEST_F(CheckTest, AnObjectWithoutNamespaceGoesWhereTheFlagSaysElseToDefault) {
    std::string const pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
        "spec: {containers: [{name: c, image: nginx}]}\n";
    EXPECT_EQ(entries(pod)[0]["object"]["namespace"], "default");
    EXPECT_EQ(entries(pod, {"-n", "team"})[0]["object"]["namespace"], "team");
}

TEST_F(CheckTest, ANamespaceAmongTheManifestsBringsItsLabels) {
    std::string const ns =
        "apiVersion: v1\nkind: Namespace\n"
        "metadata: {name: new, labels: {team: blue}}\n---\n";
    EXPECT_EQ(check(ns + pod_yaml("new", "registry.example.com/blue/a")).code, ExitOk);
    EXPECT_EQ(entries(ns + pod_yaml("new", "nginx"))[0]["code"], "RT-NotAllowed");
}

TEST_F(CheckTest, ListsAndSeveralDocumentsAreTakenApart) {
    std::string const list =
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n"
        "- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {name: j, namespace: team}\n"
        "  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: nginx}]}}}}}"
        "\n---\n# nothing\n---\n";
    auto const found = entries(list + pod_yaml("team", ok));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0]["path"], "spec.jobTemplate.spec.template.spec.containers[0].image");
    EXPECT_EQ(found[0]["object"]["kind"], "CronJob");
    EXPECT_EQ(found[1]["verdict"], "allow");
}

TEST_F(CheckTest, AForeignPullSecretIsDeniedAtItsPlace) {
    std::string const pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: team}\n"
        "spec:\n  imagePullSecrets: [{name: mine}, {name: other}]\n"
        "  containers: [{name: c, image: " +
        ok + "}]\n";
    auto const list = entries(pod);
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[1]["path"], "spec.imagePullSecrets[1]");
    EXPECT_EQ(list[1]["code"], "RT-ForeignSecret");
    EXPECT_EQ(list[1]["image"], "");
}

TEST_F(CheckTest, SettingsCountFromTheConfigMapAndFromAFile) {
    std::string const config_map =
        bench.file("settings.yaml",
                   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
                   "registry-tenancy-config}\ndata: {config.yaml: \"unmanagedNamespaces: "
                   "Deny\"}\n");
    EXPECT_EQ(entries(pod_yaml("free", "nginx"), {"--tenancy", config_map})[0]["code"],
              "RT-NoTenancy");
    std::string const file = bench.file("config.yaml", "excludedNamespaces: [unheard]\n");
    EXPECT_EQ(check(pod_yaml("unheard", "nginx"), {"--config", file}).code, ExitOk);
}

TEST_F(CheckTest, FoldersAreReadWithoutTheirFoldersUnlessAsked) {
    bench.file("app/a.yaml", pod_yaml("team", ok));
    bench.file("app/deep/b.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b",
        "namespace":"team"},"spec":{"containers":[{"name":"c","image":"nginx"}]}})");
    bench.file("app/README.md", "no: [manifest");
    bench.file("app/values.yaml", "replicas: 3\n");
    std::string const rules = bench.file("rules.yaml", rules_yaml);
    std::vector<std::string> arguments{"check", "-f", bench.folder() + "/app", "--tenancy", rules};
    EXPECT_EQ(bench.run(arguments).code, ExitOk);
    arguments.emplace_back("-R");
    auto const deep = bench.run(arguments);
    EXPECT_EQ(deep.code, ExitFailed);
    EXPECT_NE(deep.out.find("deep/b.json:"), std::string::npos) << deep.out;
}

TEST_F(CheckTest, KustomizationsAreRenderedByKubectl) {
    bench.program_output = pod_yaml("team", foreign);
    std::string const rules = bench.file("rules.yaml", rules_yaml);
    auto const ran = bench.run({"check", "-k", "overlay", "--tenancy", rules});
    EXPECT_EQ(ran.code, ExitFailed);
    EXPECT_EQ(bench.programs,
              (std::vector<std::vector<std::string>>{{"kubectl", "kustomize", "overlay"}}));
}

TEST_F(CheckTest, WhatCannotBeReadEndsWithTwoAndSaysWhatToDo) {
    struct Case {
        std::string manifest;
        std::string message;
    };
    for (auto const& [manifest, message] : std::vector<Case>{
             {"a: [", "line"},
             {"{{ .Values.x }}", "helm template"},
             {"kind: Pod\n", "needs apiVersion and kind"},
             {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: team}\n"
              "spec: {containers: [{name: c, image: 1.5}]}\n",
              "spec.containers[0].image: 1.5 must be a string"},
             {"apiVersion: v1\nkind: Pod\nkind: Pod\n", "a key twice"},
         }) {
        auto const ran = check(manifest);
        EXPECT_EQ(ran.code, ExitUsage) << manifest;
        EXPECT_NE(ran.err.find(message), std::string::npos) << ran.err;
        EXPECT_TRUE(ran.err.starts_with("error: -: ")) << ran.err;
    }
    EXPECT_EQ(bench.run({"check", "-f", "/nowhere.yaml"}).code, ExitUsage);
    EXPECT_NE(bench.run({"check", "-f", "/nowhere.yaml"}).err.find("/nowhere.yaml"),
              std::string::npos);
}

TEST_F(CheckTest, RulesThatCannotBeReadStopEverything) {
    for (std::string const& rules : {std::string("x: 1\n"), std::string("a: ["),
                                     std::string(rules_yaml) + "---" + rules_yaml}) {
        std::string const path = bench.file("bad.yaml", rules);
        auto const ran = bench.run({"check", "-f", "-", "--tenancy", path}, pod_yaml("team", ok));
        EXPECT_EQ(ran.code, ExitUsage);
        EXPECT_EQ(ran.out, "");
        EXPECT_NE(ran.err, "");
    }
}

TEST_F(CheckTest, LiveRulesComeFromTheCluster) {
    fill_cluster();
    auto const ran = bench.run({"check", "-f", "-", "--context", "prod", "--as", "jane"},
                               pod_yaml("team", foreign) + "---\n" + pod_yaml("sky", foreign));
    EXPECT_EQ(ran.code, ExitFailed) << ran.err;
    EXPECT_NE(ran.out.find("2 images in 2 objects: 1 allowed (1 with a warning), 1 denied"),
              std::string::npos)
        << ran.out;
    EXPECT_EQ(bench.flags_seen.context, "prod");
    EXPECT_EQ(bench.flags_seen.as, "jane");
}

TEST_F(CheckTest, WhoMayNotReadTenanciesIsServedFromTheGrant) {
    bench.api.fail_next(test::Verb::List, kube::types::registry_tenancies,
                        Error{ErrorKind::Forbidden, "list registrytenancies"}, -1);
    bench.api.put(kube::types::registry_grants,
                  {{"metadata", {{"name", "effective"}, {"namespace", "team"}}},
                   {"spec",
                    {{"enforcement", "Deny"},
                     {"tenancies", {"team"}},
                     {"imagePullSecrets", {{"policy", "Any"}, {"allowed", Json::array()}}},
                     {"registries",
                      {{{"name", "shared"},
                        {"hosts", {"registry.example.com"}},
                        {"allow",
                         {{{"namespace", "team"}, {"tenancies", {"team"}}},
                          {{"repository", "base/jdk"}, {"tenancies", {"base"}}}}}}}}}}});
    for (auto const& [image, code] : std::vector<std::pair<std::string, int>>{
             {ok, ExitOk}, {"registry.example.com/base/jdk:1", ExitOk}, {foreign, ExitFailed}}) {
        EXPECT_EQ(bench.run({"check", "-f", "-"}, pod_yaml("team", image)).code, code) << image;
    }
}

TEST_F(CheckTest, ATenancyThatCannotBeReadJudgesNothingInItsNamespaces) {
    fill_cluster();
    bench.api.put(kube::types::registry_tenancies,
                  {{"metadata", {{"name", "odd"}}},
                   {"spec", {{"namespaces", {"team"}}, {"registries", "x"}}}});
    auto const ran = bench.run({"check", "-f", "-"}, pod_yaml("team", ok));
    EXPECT_EQ(ran.code, ExitUsage);
    EXPECT_NE(ran.out.find("RegistryTenancy \"odd\""), std::string::npos) << ran.out;
    EXPECT_EQ(bench.run({"check", "-f", "-"}, pod_yaml("sky", ok)).code, ExitOk);
}

TEST_F(CheckTest, NoClusterSaysHowToCheckWithoutOne) {
    bench.reachable = false;
    auto const ran = bench.run({"check", "-f", "-"}, pod_yaml("team", ok));
    EXPECT_EQ(ran.code, ExitUsage);
    EXPECT_NE(ran.err.find("--tenancy"), std::string::npos);
}

TEST_F(CheckTest, EveryFormatTellsTheDenial) {
    std::string const manifest = pod_yaml("team", foreign);
    struct Case {
        std::string format;
        std::vector<std::string> parts;
    };
    for (auto const& [format, parts] : std::vector<Case>{
             {"text", {"-:7: denied: Pod team/web", "  [RT-NotAllowed]", "1 denied"}},
             {"github", {"::error title=RT-NotAllowed Pod team/web::[RT-NotAllowed]", "%0A"}},
             {"junit", {"failures=\"1\"", "<failure type=\"RT-NotAllowed\"", "&quot;main&quot;"}},
             {"sarif", {R"("ruleId": "RT-NotAllowed")", R"("level": "error")", "2.1.0"}},
         }) {
        auto const ran = check(manifest, {"-o", format});
        EXPECT_EQ(ran.code, ExitFailed);
        for (auto const& part : parts) {
            EXPECT_NE(ran.out.find(part), std::string::npos) << part << '\n' << ran.out;
        }
        EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
    }
    bench.colour = true;
    EXPECT_NE(check(manifest).out.find("\x1b[31mdenied\x1b[0m"), std::string::npos);
    std::string const path = bench.file("pod.yaml", manifest);
    std::string const rules = bench.file("rules.yaml", rules_yaml);
    auto const out = bench.run({"check", "-f", path, "--tenancy", rules, "-o", "github"}).out;
    EXPECT_NE(out.find("file=" + path + ",line=7,"), std::string::npos) << out;
}

TEST_F(CheckTest, WrongUseSaysWhatIsMissing) {
    for (auto const& [arguments, message] :
         std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"check"}, "name manifests with -f"},
             {{"check", "-f", "x", "-o", "yaml"}, "write text, json, sarif, junit or github"},
             {{"check", "-f", "x", "stray"}, "unknown argument \"stray\""},
             {{"check", "-f", "x", "--contxt", "y"}, "did you mean --context?"},
         }) {
        auto const ran = bench.run(arguments);
        EXPECT_EQ(ran.code, ExitUsage);
        EXPECT_NE(ran.err.find(message), std::string::npos) << ran.err;
        EXPECT_NE(ran.err.find("try: kubectl tenancy check --help"), std::string::npos) << ran.err;
    }
}

}  // namespace
}  // namespace rt::cli
