#include "lib/tenancy/settings.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rt::tenancy {
namespace {

TEST(Settings, AnEmptyFileMeansTheDefaults) {
    for (std::string const text : {"", "# nothing\n", "{}", "webhook:\noperator: {}\n", "---\n"}) {
        auto const settings = Settings::parse(text);
        ASSERT_TRUE(settings) << settings.error().message;
        EXPECT_EQ(settings->unmanaged_namespaces, UnmanagedNamespaces::Allow);
        EXPECT_EQ(settings->webhook.port, 8443);
        EXPECT_EQ(settings->webhook.timeout, std::chrono::seconds(3));
        EXPECT_EQ(settings->product_namespace, "registry-tenancy-system");
    }
}

TEST(Settings, ReadsEveryKey) {
    auto const settings = Settings::parse(R"(
clusterName: demo
unmanagedNamespaces: Deny
excludedNamespaces: [cni-system, csi-system]
caBundleDirectory: /ca
productNamespace: tenancy
logLevel: debug
webhook:
  port: 9443
  adminPort: 9080
  threads: 4
  certificateDirectory: /tls
  clientCAFile: /client-ca.crt
  clientSubjects: [kube-apiserver]
  timeoutSeconds: 5
  stalenessMaxSeconds: 60
  drainSeconds: 20
  limits:
    bodyBytesMax: 1048576
    bodyBytesInFlightMax: 2097152
    connectionsMax: 10
    connectionsPerPeerMax: 5
    suspendedMax: 7
operator:
  adminPort: 9081
  workers: 2
  servingCertificate: External
  mintsPerSecond: 0.5
  mintBurst: 3
  driftMintsPerHour: 4
  pullChecksPerSecond: 0
  waitingPods: Evict
  connectTo:
    sts.eu-central-1.amazonaws.com: vpce-1.sts.eu-central-1.vpce.amazonaws.com
    cr.cn-shanghai.aliyuncs.com: 10.0.0.7:8443
)");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->cluster_name, "demo");
    EXPECT_EQ(settings->unmanaged_namespaces, UnmanagedNamespaces::Deny);
    EXPECT_EQ(settings->excluded_namespaces,
              (std::vector<std::string>{"cni-system", "csi-system"}));
    EXPECT_EQ(settings->ca_bundle_directory, "/ca");
    EXPECT_EQ(settings->log_level, "debug");
    WebhookSettings const& webhook = settings->webhook;
    EXPECT_EQ(webhook.port, 9443);
    EXPECT_EQ(webhook.admin_port, 9080);
    EXPECT_EQ(webhook.threads, 4U);
    EXPECT_EQ(webhook.certificate_directory, "/tls");
    EXPECT_EQ(webhook.client_ca_file, "/client-ca.crt");
    EXPECT_EQ(webhook.client_subjects, std::vector<std::string>{"kube-apiserver"});
    EXPECT_EQ(webhook.timeout, std::chrono::seconds(5));
    EXPECT_EQ(webhook.staleness_max, std::chrono::seconds(60));
    EXPECT_EQ(webhook.drain, std::chrono::seconds(20));
    EXPECT_EQ(webhook.limits.body_bytes_max, 1048576U);
    EXPECT_EQ(webhook.limits.body_bytes_in_flight_max, 2097152U);
    EXPECT_EQ(webhook.limits.connections_max, 10U);
    EXPECT_EQ(webhook.limits.connections_per_peer_max, 5U);
    EXPECT_EQ(webhook.limits.suspended_max, 7U);
    OperatorSettings const& op = settings->op;
    EXPECT_EQ(op.admin_port, 9081);
    EXPECT_EQ(op.workers, 2U);
    EXPECT_EQ(op.connect_to.at("sts.eu-central-1.amazonaws.com"),
              "vpce-1.sts.eu-central-1.vpce.amazonaws.com");
    EXPECT_EQ(op.connect_to.at("cr.cn-shanghai.aliyuncs.com"), "10.0.0.7:8443");
    EXPECT_EQ(op.serving_certificate, OperatorSettings::ServingCertificate::External);
    EXPECT_DOUBLE_EQ(op.mints_per_second, 0.5);
    EXPECT_EQ(op.mint_burst, 3);
    EXPECT_EQ(op.drift_mints_per_hour, 4);
    EXPECT_EQ(op.pull_checks_per_second, 0) << "none";
    EXPECT_TRUE(settings->excluded("tenancy"));
    EXPECT_TRUE(settings->excluded("kube-system"));
    EXPECT_TRUE(settings->excluded("cni-system"));
    EXPECT_FALSE(settings->excluded("registry-tenancy-system"));
    EXPECT_FALSE(settings->excluded("cni"));
}

TEST(Settings, ErrorsNameLineKeyValueAndFix) {
    struct Case {
        std::string text;
        std::vector<std::string> parts;
    };
    for (auto const& [text, parts] : std::vector<Case>{
             {"clusterNam: x", {"line 1", "clusterNam", "did you mean clusterName?"}},
             {"\nwebhook:\n  prot: 1", {"line 3", "webhook.prot", "did you mean port?"}},
             {"webhook: {limits: {connectionMax: 1}}",
              {"webhook.limits.connectionMax", "did you mean connectionsMax?"}},
             {"operator: {bogus: 1}", {"operator.bogus", "known here are", "workers"}},
             {"clusterName: a\nclusterName: b", {"line 2", "clusterName", "twice"}},
             {"clusterName: a/b", {"\"a/b\"", "no cluster name"}},
             {"clusterName: [a]", {"clusterName", "no single value"}},
             {"unmanagedNamespaces: deny", {"line 1", "\"deny\"", "Allow, Deny"}},
             {"excludedNamespaces: kube-public", {"excludedNamespaces", "write a list"}},
             {"excludedNamespaces: ['cni-*']", {"\"cni-*\"", "no wildcards"}},
             {"excludedNamespaces: [{a: b}]", {"no text"}},
             {"podTemplatePaths: [a]", {"podTemplatePaths", "no mapping"}},
             {"podTemplatePaths:\n  a.io/b: spec.c\n  a.io/b: spec.d",
              {"line 3", "podTemplatePaths", "\"a.io/b\"", "twice"}},
             {"podTemplatePaths:\n  a.io/b: spec.c[0]",
              {"line 2", "podTemplatePaths", "\"spec.c[0]\"", "only every element"}},
             {"podTemplatePaths: {a.io/b: }", {"\"a.io/b\"", "has no path", "[]"}},
             {"podTemplatePaths: {a.io/b: {c: d}}", {"has no path"}},
             {"podTemplatePaths: {a.io/b: [{c: d}]}", {"has no path"}},
             {"podTemplatePaths: {apps/deployments: spec.template}", {"built in", "leave it out"}},
             {"webhook: {port: 0}", {"webhook.port", "\"0\"", "from 1 to 65535"}},
             {"webhook: {port: 65536}", {"\"65536\""}},
             {"webhook: {port: 84.5}", {"\"84.5\"", "whole number"}},
             {"webhook: {port: '8443 '}", {"whole number"}},
             {"webhook: {port: -1}", {"\"-1\""}},
             {"webhook: {port: 99999999999999999999}", {"whole number"}},
             {"webhook: {port: 8080}", {"webhook.adminPort", "same as port"}},
             {"webhook: {timeoutSeconds: 31}", {"from 1 to 30"}},
             {"webhook: {certificateDirectory: tls}", {"absolute path"}},
             {"webhook: {certificateDirectory: ''}", {"absolute path"}},
             {"webhook: []", {"webhook", "no mapping"}},
             {"webhook: {limits: {bodyBytesMax: 1000000, bodyBytesInFlightMax: 900000}}",
              {"bodyBytesInFlightMax", "less than bodyBytesMax"}},
             {"operator: {mintsPerSecond: 0}",
              {"operator.mintsPerSecond", "\"0\"", "no number from 0.01 to 10000: correct it"}},
             {"operator: {mintsPerSecond: .inf}", {"mintsPerSecond"}},
             {"operator: {mintsPerSecond: inf}", {"mintsPerSecond"}},
             {"operator: {pullChecksPerSecond: nan}", {"pullChecksPerSecond"}},
             {"operator: {pullChecksPerSecond: 0.001}", {"pullChecksPerSecond", "\"0.001\""}},
             {"operator: {pullChecksPerSecond: -1}", {"pullChecksPerSecond", "\"-1\""}},
             {"operator: {pullChecksPerSecond: off}", {"pullChecksPerSecond", "\"off\""}},
             {"operator:\n  pullChecksPerSecond: 101",
              {"line 2", "operator.pullChecksPerSecond", "\"101\"",
               "no number from 0.01 to 100 or 0 (no checks): correct it"}},
             {"operator: {servingCertificate: Mine}", {"Managed, External"}},
             {"operator: {connectTo: [a]}", {"operator.connectTo", "no mapping"}},
             {"operator:\n  connectTo:\n    https://sts.example.com: a",
              {"line 3", "operator.connectTo", "\"https://sts.example.com\"", "no host name"}},
             {"operator: {connectTo: {'sts.example.com:443': a}}", {"without port"}},
             {"operator: {connectTo: {sts.example.com: https://a}}",
              {"operator.connectTo.sts.example.com", "\"https://a\"", "HOST[:PORT]"}},
             {"operator:\n  connectTo:\n    a.example: b.example\n    a.example: c.example",
              {"line 4", "\"a.example\"", "twice"}},
             {"logLevel: verbose", {"trace, debug, info, warn, error"}},
             {"- a", {"the file", "no mapping"}},
             {"text", {"no mapping"}},
             {"a: [", {"line", "not YAML"}},
             {"a: 1\n---\nb: 2", {"several YAML documents"}},
         }) {
        auto const settings = Settings::parse(text);
        ASSERT_FALSE(settings) << text;
        for (auto const& part : parts) {
            EXPECT_NE(settings.error().message.find(part), std::string::npos)
                << text << "\n"
                << settings.error().message;
        }
    }
}

TEST(Settings, CustomKindsAddToTheShippedOnes) {
    auto const settings = Settings::parse(R"(
podTemplatePaths:
  example.com/things: spec.template
  example.com/others: [spec.image, "spec.parts[*].template"]
  argoproj.io/rollouts: []
)");
    ASSERT_TRUE(settings) << settings.error().message;
    CustomKinds const& kinds = settings->custom_kinds;
    EXPECT_EQ(kinds.size(), shipped_custom_kinds().size() + 1);
    ASSERT_NE(find_custom_kind(kinds, "example.com", "others"), nullptr);
    EXPECT_EQ(find_custom_kind(kinds, "example.com", "others")->paths.at(1).str(),
              "spec.parts[*].template");
    EXPECT_EQ(find_custom_kind(kinds, "argoproj.io", "rollouts"), nullptr);
    EXPECT_EQ(Settings::parse("")->custom_kinds, shipped_custom_kinds());
}

TEST(Settings, LoadNamesThePath) {
    auto const missing = Settings::load("/nonexistent/config.yaml");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("/nonexistent/config.yaml"), std::string::npos);
}

}  // namespace
}  // namespace rt::tenancy
