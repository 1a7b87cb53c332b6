#include "cli/doctor_checks.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/time.hpp"
#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

using Level = Diagnosis::Level;

WallTime const now = *parse_rfc3339("2026-01-02T03:04:05Z");

TEST(Doctor, WantsReplicas) {
    auto const deployment = [](int wanted, int ready) {
        return Json{{"metadata", {{"name", "w"}}},
                    {"spec", {{"replicas", wanted}}},
                    {"status", {{"readyReplicas", ready}}}};
    };
    EXPECT_EQ(check_deployment(deployment(3, 3), 2).level, Level::Fine);
    EXPECT_EQ(check_deployment(deployment(3, 1), 2).level, Level::Problem);
    EXPECT_EQ(check_deployment(deployment(1, 1), 2).level, Level::Problem);
    EXPECT_EQ(check_deployment(deployment(1, 1), 1).level, Level::Fine);
}

TEST(Doctor, WantsAWebhookThatFailsClosed) {
    auto const configuration = [](std::string const& policy, std::string const& until) {
        return Json{
            {"metadata", {{"annotations", {{"registrytenancy.dev/break-glass-until", until}}}}},
            {"webhooks", {{{"failurePolicy", policy}}}}};
    };
    struct Case {
        Json configuration;
        Level level;
        std::string part;
    };
    for (auto const& [object, level, part] : std::vector<Case>{
             {configuration("Fail", "2026-01-01T00:00:00Z"), Level::Fine, "fails closed"},
             {configuration("Ignore", "2026-01-03T00:00:00Z"), Level::Problem, "--end"},
             {configuration("Ignore", ""), Level::Problem, "publisher"},
             {Json::object(), Level::Problem, "no webhooks"},
         }) {
        auto const found = check_webhook(object, now);
        EXPECT_EQ(found.level, level) << object;
        EXPECT_NE(found.message.find(part), std::string::npos) << found.message;
    }
}

TEST(Doctor, NamesDaemonSetsThatNodesNeed) {
    auto const daemon_set = [](std::string const& ns, Json spec) {
        return Json{{"metadata", {{"name", "ds"}, {"namespace", ns}}},
                    {"spec", {{"template", {{"spec", std::move(spec)}}}}}};
    };
    struct Case {
        Json spec;
        bool needed;
    };
    for (auto const& [spec, needed] : std::vector<Case>{
             {{{"priorityClassName", "system-node-critical"}}, true},
             {{{"hostNetwork", true}}, true},
             {{{"tolerations", {{{"operator", "Exists"}}}}}, true},
             {{{"tolerations", {{{"key", "node.kubernetes.io/not-ready"}}}}}, true},
             {{{"tolerations", {{{"key", "team"}, {"operator", "Exists"}}}}}, false},
             {{{"priorityClassName", "high"}}, false},
             {Json::object(), false},
         }) {
        EXPECT_EQ(!why_nodes_need(daemon_set("cni", spec)).empty(), needed) << spec;
    }
    Json const cni = daemon_set("cni", {{"hostNetwork", true}});
    tenancy::Settings settings;
    auto const found = check_daemon_sets({cni}, settings);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].level, Level::Problem);
    EXPECT_EQ(found[0].subject, "DaemonSet cni/ds");
    EXPECT_NE(found[0].message.find("add cni to the setting excludedNamespaces"),
              std::string::npos);
    settings.excluded_namespaces = {"cni"};
    EXPECT_EQ(check_daemon_sets({cni, daemon_set("kube-system", {{"hostNetwork", true}})}, settings)
                  .front()
                  .level,
              Level::Fine);
}

TEST(Doctor, WantsACertificateWithTimeLeft) {
    EXPECT_EQ(check_certificate(std::nullopt, now).level, Level::Problem);
    EXPECT_EQ(check_certificate(now - std::chrono::hours(1), now).level, Level::Problem);
    EXPECT_EQ(check_certificate(now + std::chrono::hours(1), now).level, Level::Problem);
    EXPECT_EQ(check_certificate(now + std::chrono::hours(24 * 30), now).level, Level::Fine);
    EXPECT_FALSE(certificate_end("no certificate"));
}

TEST(Doctor, TellsWhoMayChangeOurObjects) {
    auto const role = [](std::string const& name, Json const& groups, Json const& resources,
                         Json const& verbs) {
        return Json{
            {"metadata", {{"name", name}}},
            {"rules", {{{"apiGroups", groups}, {"resources", resources}, {"verbs", verbs}}}}};
    };
    auto const binding = [](std::string const& name, std::string const& role_name) {
        return Json{{"metadata", {{"name", name}}},
                    {"roleRef", {{"name", role_name}}},
                    {"subjects", {{{"kind", "Group"}, {"name", "of-" + name}}}}};
    };
    auto const found = check_writers(
        {role("cluster-admin", {"*"}, {"*"}, {"*"}),
         role("reader", {"registrytenancy.dev"}, {"*"}, {"get", "list"}),
         role("writer", {"registrytenancy.dev"}, {"registrytenancies"}, {"patch"}),
         role("hooks", {"admissionregistration.k8s.io"}, {"validatingwebhookconfigurations"},
              {"update"}),
         role("other", {"apps"}, {"*"}, {"*"})},
        {binding("admins", "cluster-admin"), binding("readers", "reader"),
         binding("writers", "writer"), binding("hookers", "hooks"), binding("others", "other")});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_NE(found[0].message.find("Group of-admins may change registries, registrytenancies, "
                                    "registryexceptions, validatingwebhookconfigurations"),
              std::string::npos)
        << found[0].message;
    EXPECT_EQ(found[1].message, "Group of-writers may change registrytenancies");
    EXPECT_EQ(found[2].message, "Group of-hookers may change validatingwebhookconfigurations");
}

TEST(Doctor, AnEmptyClusterHasEveryProblemAndForbiddenReadsAreUnknown) {
    testing::Bench bench;
    auto const ran = bench.run({"doctor", "--install"});
    EXPECT_EQ(ran.code, ExitFailed) << ran.err;
    for (std::string const part :
         {"PROBLEM  Deployment registry-tenancy-webhook: is missing",
          "PROBLEM  ValidatingWebhookConfiguration registry-tenancy: is missing",
          "PROBLEM  serving certificate", "PROBLEM  API server: does not prove itself",
          "ok       DaemonSets"}) {
        EXPECT_NE(ran.out.find(part), std::string::npos) << part << '\n' << ran.out;
    }
    bench.api.fail_next(test::Verb::List, kube::types::cluster_roles,
                        Error{ErrorKind::Forbidden, "list clusterroles"});
    EXPECT_NE(bench.run({"doctor", "--install"}).out.find("unknown  who may change our objects"),
              std::string::npos);
    EXPECT_EQ(bench.run({"doctor"}).code, ExitUsage);
}

}  // namespace
}  // namespace rt::cli
