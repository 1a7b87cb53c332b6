// break-glass and grandfather: commands that make exceptions.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/grandfather.hpp"
#include "cli/yaml_documents.hpp"
#include "lib/tenancy/registry_exception.hpp"
#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

using testing::Bench;
using testing::rules_yaml;

TEST(ParseDuration, ReadsWholeUnits) {
    for (auto const& [text, seconds] : std::vector<std::pair<std::string, int>>{
             {"30s", 30}, {"90m", 5400}, {"1h", 3600}, {"1h30m", 5400}, {"30d", 2592000}}) {
        EXPECT_EQ(parse_duration(text)->count(), seconds) << text;
    }
    for (std::string const text :
         {"", "1", "h", "-1h", "0h", "1x", "99999999999999999999h", "1h ", "4000000000s"}) {
        auto const parsed = parse_duration(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().message.find("write for example"), std::string::npos);
    }
}

class EmergencyTest : public ::testing::Test {
  protected:
    EmergencyTest() {
        auto const documents = read_yaml(rules_yaml);
        for (auto const& document : *documents) {
            std::string const kind = string_at(*document.value, "kind");
            bench.api.put(kind == "Registry"          ? kube::types::registries
                          : kind == "RegistryTenancy" ? kube::types::registry_tenancies
                                                      : kube::types::namespaces,
                          *document.value);
        }
    }
    [[nodiscard]] Json only_exception() const {
        auto const all = bench.api.all(kube::types::registry_exceptions);
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? Json::object() : all.front();
    }
    void put_configuration() {
        bench.api.put(kube::types::validating_webhook_configurations,
                      {{"metadata", {{"name", "registry-tenancy"}}},
                       {"webhooks",
                        {{{"name", "validate.registrytenancy.dev"}, {"failurePolicy", "Fail"}}}}});
    }
    [[nodiscard]] Json configuration() const {
        return *bench.api.find(kube::types::validating_webhook_configurations,
                               {"", "registry-tenancy"});
    }
    Bench bench;
};

TEST_F(EmergencyTest, BreakGlassOpensANamespaceForAWhileAndSaysWhatItDid) {
    auto const ran = bench.run({"break-glass", "team", "--for", "1h", "--reason", "INC-4711 down",
                                "--ticket", "INC-4711"});
    ASSERT_EQ(ran.code, ExitOk) << ran.err;
    Json const made = only_exception();
    EXPECT_TRUE(tenancy::RegistryException::parse(made));
    EXPECT_EQ(made["metadata"]["name"], "break-glass-team-20260102-030405");
    Json const expected = {{"namespaces", {"team"}},
                           {"images", {{{"host", "*"}, {"namespace", "*"}}}},
                           {"reason", "INC-4711 down"},
                           {"ticket", "INC-4711"},
                           {"expiresAt", "2026-01-02T04:04:05Z"}};
    EXPECT_EQ(made["spec"], expected);
    for (std::string const part : {"created RegistryException break-glass-team-20260102-030405",
                                   "every image until 2026-01-02T04:04:05Z", "kubectl delete"}) {
        EXPECT_NE(ran.out.find(part), std::string::npos) << ran.out;
    }
    EXPECT_EQ(bench.run({"break-glass", "team", "--end"}).code, ExitOk);
    EXPECT_TRUE(bench.api.all(kube::types::registry_exceptions).empty());
}

TEST_F(EmergencyTest, BreakGlassForImagesNamesTheirRegistryWhereOneIsKnown) {
    std::string const digest = "sha256:" + std::string(64, 'a');
    auto const ran = bench.run({"break-glass", "team", "--for", "1h", "--reason", "r", "--image",
                                "registry.example.com/other/a:1", "--image", "nginx@" + digest});
    ASSERT_EQ(ran.code, ExitOk) << ran.err;
    Json const expected = {
        {{"registry", "shared"}, {"repository", "other/a"}},
        {{"host", "docker.io"}, {"repository", "library/nginx"}, {"digest", digest}}};
    EXPECT_EQ(only_exception()["spec"]["images"], expected);
    EXPECT_TRUE(tenancy::RegistryException::parse(only_exception()));
}

TEST_F(EmergencyTest, BreakGlassDryRunPrintsAndWritesNothing) {
    auto const ran =
        bench.run({"break-glass", "team", "--for", "1h", "--reason", "r", "--dry-run"});
    EXPECT_EQ(ran.code, ExitOk);
    auto const printed = read_yaml(ran.out);
    ASSERT_TRUE(printed);
    EXPECT_TRUE(tenancy::RegistryException::parse(*printed->front().value));
    EXPECT_EQ(bench.api.writes(), 0);
}

TEST_F(EmergencyTest, BreakGlassOfTheWebhookNeedsNobodyElse) {
    put_configuration();
    auto const ran =
        bench.run({"break-glass", "--webhook", "--for", "30m", "--reason", "webhook down"});
    ASSERT_EQ(ran.code, ExitOk) << ran.err;
    Json const open = configuration();
    EXPECT_EQ(open["metadata"]["annotations"]["registrytenancy.dev/break-glass-until"],
              "2026-01-02T03:34:05Z");
    EXPECT_EQ(open["metadata"]["annotations"]["registrytenancy.dev/break-glass-reason"],
              "webhook down");
    EXPECT_EQ(open["webhooks"][0]["failurePolicy"], "Ignore");
    EXPECT_EQ(open["webhooks"][0]["name"], "validate.registrytenancy.dev");
    EXPECT_NE(ran.out.find("failurePolicy Ignore until 2026-01-02T03:34:05Z"), std::string::npos);
    EXPECT_EQ(bench.run({"break-glass", "--webhook", "--end"}).code, ExitOk);
    Json const closed = configuration();
    EXPECT_EQ(closed["webhooks"][0]["failurePolicy"], "Fail");
    EXPECT_EQ(dump_json(closed).find("break-glass"), std::string::npos);
}

TEST_F(EmergencyTest, BreakGlassTriesAgainWhereSomebodyElseWrote) {
    put_configuration();
    bench.api.fail_next(test::Verb::Update, kube::types::validating_webhook_configurations,
                        Error{ErrorKind::Conflict, "the object has been modified"}, 2);
    EXPECT_EQ(bench.run({"break-glass", "--webhook", "--for", "1h", "--reason", "r"}).code, ExitOk);
    EXPECT_EQ(configuration()["webhooks"][0]["failurePolicy"], "Ignore");
}

TEST_F(EmergencyTest, BreakGlassWithoutTheRightSaysWhichOne) {
    bench.api.fail_next(test::Verb::Create, kube::types::registry_exceptions,
                        Error{ErrorKind::Forbidden, "create registryexceptions"});
    auto const ran = bench.run({"break-glass", "team", "--for", "1h", "--reason", "r"});
    EXPECT_EQ(ran.code, ExitFailed);
    EXPECT_NE(ran.err.find("registry-tenancy-break-glass"), std::string::npos) << ran.err;
}

TEST_F(EmergencyTest, WrongUseChangesNothingAndSaysWhatIsMissing) {
    for (auto const& [arguments, message] :
         std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"break-glass"}, "name a NAMESPACE"},
             {{"break-glass", "team", "--webhook"}, "leave the namespace out"},
             {{"break-glass", "team", "--reason", "r"}, "--for is missing"},
             {{"break-glass", "team", "--for", "1h"}, "--reason is missing"},
             {{"break-glass", "team", "--for", "soon", "--reason", "r"}, "is no duration"},
             {{"break-glass", "Team", "--for", "1h", "--reason", "r"}, "is no namespace"},
             {{"grandfather"}, "name a RegistryTenancy"},
             {{"grandfather", "team"}, "--for is missing"},
             {{"grandfather", "nobody", "--for", "1d"}, "no RegistryTenancy \"nobody\""},
             {{"grandfather", "team", "--for", "31d"}, "exceptionDaysMax"},
         }) {
        auto const ran = bench.run(arguments);
        EXPECT_EQ(ran.code, ExitUsage) << ran.err;
        EXPECT_NE(ran.err.find(message), std::string::npos) << ran.err;
    }
    EXPECT_EQ(bench.api.writes(), 0);
}

TEST_F(EmergencyTest, GrandfatherCoversWhatRunsOrCouldStart) {
    auto const pod_spec = [](std::string const& image) {
        return Json{{"containers", {{{"name", "c"}, {"image", image}}}}};
    };
    kube::ResourceType const deployments{"apps", "v1", "deployments", "Deployment", true};
    kube::ResourceType const cron_jobs{"batch", "v1", "cronjobs", "CronJob", true};
    auto const put_pod = [&](std::string const& ns, std::string const& name,
                             std::string const& image, std::string const& phase) {
        bench.api.put(kube::types::pods, {{"metadata", {{"name", name}, {"namespace", ns}}},
                                          {"spec", pod_spec(image)},
                                          {"status", {{"phase", phase}}}});
    };
    put_pod("team", "fine", "registry.example.com/team/a", "Running");
    put_pod("team", "foreign", "registry.example.com/other/a:1", "Running");
    put_pod("team", "ended", "registry.example.com/ended/a", "Succeeded");
    put_pod("sky", "elsewhere", "registry.example.com/sky/a", "Running");
    bench.api.put(deployments,
                  {{"metadata", {{"name", "asleep"}, {"namespace", "team"}}},
                   {"spec", {{"replicas", 0}, {"template", {{"spec", pod_spec("nginx:1")}}}}}});
    bench.api.put(
        cron_jobs,
        {{"metadata", {{"name", "nightly"}, {"namespace", "team"}}},
         {"spec",
          {{"suspend", true},
           {"jobTemplate", {{"spec", {{"template", {{"spec", pod_spec("quay.io/x/y:2")}}}}}}}}}});
    auto const ran = bench.run({"grandfather", "team", "--for", "30d"});
    ASSERT_EQ(ran.code, ExitOk) << ran.err;
    auto const printed = read_yaml(ran.out);
    ASSERT_TRUE(printed) << ran.out;
    ASSERT_EQ(printed->size(), 1U) << ran.out;
    Json const& exception = *printed->front().value;
    auto const parsed = tenancy::RegistryException::parse(exception);
    EXPECT_TRUE(parsed) << ran.out;
    Json const images = {{{"host", "docker.io"}, {"repository", "library/nginx"}},
                         {{"host", "quay.io"}, {"repository", "x/y"}},
                         {{"registry", "shared"}, {"repository", "other/a"}}};
    EXPECT_EQ(exception["spec"]["images"], images);
    EXPECT_EQ(exception["spec"]["namespaces"], Json::array({"team"}));
    EXPECT_EQ(exception["spec"]["expiresAt"], "2026-02-01T03:04:05Z");
    EXPECT_EQ(bench.api.writes(), 0);
    // What an exception covers is not printed again.
    bench.api.put(kube::types::registry_exceptions, exception);
    EXPECT_EQ(bench.run({"grandfather", "team", "--for", "30d"}).out, "");
}

TEST_F(EmergencyTest, GrandfatherSeesCustomKinds) {
    kube::ResourceType const geese{"example.com", "v1", "geese", "Goose", true};
    kube::ResourceType const rollouts{"argoproj.io", "v1alpha1", "rollouts", "Rollout", true};
    bench.api.serve(geese);
    bench.api.serve(rollouts);
    for (auto const& [type, image] : {std::pair{geese, "quay.io/x/goose"}, {rollouts, "nginx"}}) {
        bench.api.put(
            type,
            {{"metadata", {{"name", "g"}, {"namespace", "team"}}},
             {"spec",
              {{"template", {{"spec", {{"containers", {{{"name", "c"}, {"image", image}}}}}}}}}}});
    }
    std::vector<std::string> const ask{"grandfather", "team", "--for", "30d"};
    auto const shipped = bench.run(ask);
    ASSERT_EQ(shipped.code, ExitOk) << shipped.err;
    EXPECT_NE(shipped.out.find("library/nginx"), std::string::npos) << shipped.out;
    EXPECT_EQ(shipped.out.find("x/goose"), std::string::npos) << shipped.out;
    auto const own = bench.run(
        {"grandfather", "team", "--for", "30d", "--config",
         bench.file("config.yaml", "podTemplatePaths: {example.com/geese: spec.template}")});
    EXPECT_NE(own.out.find("x/goose"), std::string::npos) << own.out << own.err;
    bench.api.fail_next(test::Verb::RawGet, {"", "", "/apis/argoproj.io", "", false},
                        Error{ErrorKind::Unavailable, "down"});
    EXPECT_EQ(bench.run(ask).code, ExitUsage) << "half of it is no answer";
}

TEST_F(EmergencyTest, GrandfatherTellsOfWhatNoExceptionCanCover) {
    bench.api.put(kube::types::pods,
                  {{"metadata", {{"name", "odd"}, {"namespace", "team"}}},
                   {"spec", {{"containers", {{{"name", "c"}, {"image", "Bad:Bad:Bad"}}}}}}});
    auto const ran = bench.run({"grandfather", "team", "--for", "30d"});
    EXPECT_EQ(ran.code, ExitFailed);
    EXPECT_NE(ran.err.find("Pod team/odd"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace rt::cli
