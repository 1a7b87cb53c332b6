// What an install consists of: restricted Pods, one image, probes, and nothing that could lock a
// cluster out.

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/tenancy/names_fixed.hpp"
#include "unit/config/manifests.hpp"

namespace config_test {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view product_namespace = "registry-tenancy-system";

std::vector<Json> of_kind(std::string_view kind) {
    auto objects = installed_objects();
    std::erase_if(objects, [&](Json const& object) { return object["kind"] != kind; });
    return objects;
}

Json pod_of(std::string_view deployment) {
    return installed("Deployment", deployment)["spec"]["template"]["spec"];
}

Json volume(Json const& pod, std::string_view name) {
    for (auto const& candidate : pod["volumes"]) {
        if (candidate["name"] == name) {
            return candidate;
        }
    }
    return {};
}

Json mount(Json const& pod, std::string_view name) {
    for (auto const& candidate : pod["containers"][0]["volumeMounts"]) {
        if (candidate["name"] == name) {
            return candidate;
        }
    }
    return {};
}

class Deployments : public testing::TestWithParam<std::string_view> {};

TEST_P(Deployments, RunUnderTheRestrictedPodSecurityStandard) {
    auto const pod = pod_of(GetParam());
    auto const& context = pod["securityContext"];
    EXPECT_EQ(context["runAsNonRoot"], true);
    EXPECT_EQ(context["runAsUser"], 65532);
    EXPECT_EQ(context["seccompProfile"]["type"], "RuntimeDefault");
    EXPECT_FALSE(pod.value("hostNetwork", false));
    EXPECT_FALSE(pod.value("hostPID", false));
    for (auto const& one : pod["volumes"]) {
        EXPECT_FALSE(one.contains("hostPath"));
    }
    for (auto const& container : pod["containers"]) {
        auto const& own = container["securityContext"];
        EXPECT_EQ(own["allowPrivilegeEscalation"], false);
        EXPECT_EQ(own["readOnlyRootFilesystem"], true);
        EXPECT_EQ(own["capabilities"], Json::parse(R"({"drop":["ALL"]})"));
        EXPECT_FALSE(own.value("privileged", false));
    }
}

TEST_P(Deployments, UseTheOneImageThatKustomizeReplaces) {
    auto const pod = pod_of(GetParam());
    ASSERT_EQ(pod["containers"].size(), 1U);
    EXPECT_EQ(pod["containers"][0]["image"], "registry-tenancy");
}

TEST_P(Deployments, HoldABoundedTokenOfTheirOwnServiceAccount) {
    auto const pod = pod_of(GetParam());
    EXPECT_EQ(pod["serviceAccountName"], GetParam());
    EXPECT_EQ(pod["automountServiceAccountToken"], false);
    EXPECT_EQ(pod["enableServiceLinks"], false);
    auto const access = volume(pod, "api-access");
    EXPECT_LE(access["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"], 3600);
    EXPECT_EQ(mount(pod, "api-access")["mountPath"],
              "/var/run/secrets/kubernetes.io/serviceaccount");
    auto const account = installed("ServiceAccount", GetParam());
    EXPECT_EQ(account["automountServiceAccountToken"], false);
}

TEST_P(Deployments, ReadTheOneSettingsFileAndTheOptionalCertificates) {
    auto const pod = pod_of(GetParam());
    EXPECT_EQ(volume(pod, "config")["configMap"]["name"], "registry-tenancy-config");
    EXPECT_EQ(mount(pod, "config")["mountPath"], "/etc/registry-tenancy/config.yaml");
    EXPECT_EQ(volume(pod, "ca-bundle")["configMap"],
              Json::parse(R"({"name":"registry-tenancy-ca-bundle","optional":true})"));
    EXPECT_EQ(mount(pod, "ca-bundle")["mountPath"], "/etc/registry-tenancy/ca");
    auto const& command = pod["containers"][0]["command"];
    EXPECT_EQ(command.back(), "/etc/registry-tenancy/config.yaml");
}

TEST_P(Deployments, HaveProbesAndMemoryLimitsButNoCpuLimit) {
    auto const container = pod_of(GetParam())["containers"][0];
    EXPECT_EQ(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    EXPECT_EQ(container["livenessProbe"]["httpGet"]["path"], "/livez");
    EXPECT_TRUE(container["resources"]["requests"].contains("cpu"));
    EXPECT_TRUE(container["resources"]["requests"].contains("memory"));
    EXPECT_TRUE(container["resources"]["limits"].contains("memory"));
    EXPECT_FALSE(container["resources"]["limits"].contains("cpu"));
}

TEST_P(Deployments, SelectTheirOwnPods) {
    auto const deployment = installed("Deployment", GetParam());
    auto const& labels = deployment["spec"]["template"]["metadata"]["labels"];
    EXPECT_EQ(deployment["spec"]["selector"]["matchLabels"], labels);
    EXPECT_EQ(labels["app.kubernetes.io/name"], GetParam());
    EXPECT_EQ(deployment["metadata"]["namespace"], product_namespace);
}

INSTANTIATE_TEST_SUITE_P(All, Deployments,
                         testing::Values("registry-tenancy-webhook", "registry-tenancy-operator",
                                         "registry-tenancy-publisher"),
                         [](auto const& test) {
                             std::string name(test.param);
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Manifests, TheThreeDeploymentsHaveTheirReplicasAndPrograms) {
    EXPECT_EQ(of_kind("Deployment").size(), 3U);
    EXPECT_EQ(installed("Deployment", "registry-tenancy-webhook")["spec"]["replicas"], 3);
    EXPECT_EQ(installed("Deployment", "registry-tenancy-operator")["spec"]["replicas"], 2);
    auto const publisher = installed("Deployment", "registry-tenancy-publisher");
    EXPECT_EQ(publisher["spec"]["replicas"], 1);
    EXPECT_EQ(publisher["spec"]["strategy"]["type"], "Recreate");
    EXPECT_EQ(publisher["spec"]["template"]["spec"]["containers"][0]["command"][1],
              "publish-webhook");
}

TEST(Manifests, TheWebhookOutlivesDisruptions) {
    auto const deployment = installed("Deployment", "registry-tenancy-webhook");
    EXPECT_EQ(deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0);
    auto const pod = pod_of("registry-tenancy-webhook");
    EXPECT_EQ(pod["priorityClassName"], "system-cluster-critical");
    EXPECT_GE(pod["terminationGracePeriodSeconds"], 45);
    EXPECT_EQ(pod["topologySpreadConstraints"].size(), 2U);
    auto const budget = installed("PodDisruptionBudget", "registry-tenancy-webhook");
    EXPECT_EQ(budget["spec"]["minAvailable"], 2);
    EXPECT_EQ(budget["spec"]["selector"], deployment["spec"]["selector"]);
}

TEST(Manifests, TheServiceReachesTheWebhook) {
    auto const service = installed("Service", "registry-tenancy-webhook");
    auto const deployment = installed("Deployment", "registry-tenancy-webhook");
    EXPECT_EQ(service["spec"]["selector"], deployment["spec"]["selector"]["matchLabels"]);
    EXPECT_EQ(service["spec"]["ports"][0]["port"], 443);
    auto const& ports = deployment["spec"]["template"]["spec"]["containers"][0]["ports"];
    EXPECT_EQ(ports[0]["name"], service["spec"]["ports"][0]["targetPort"]);
    EXPECT_EQ(ports[0]["containerPort"], 8443);
    EXPECT_EQ(ports[1]["containerPort"], 8080);
}

TEST(Manifests, TheCertificateIsWaitedForSoThatTheInstallNeedsNoOrder) {
    auto const pod = pod_of("registry-tenancy-webhook");
    auto const certificate = volume(pod, "certificate");
    EXPECT_EQ(certificate["secret"]["secretName"], "registry-tenancy-webhook-cert");
    EXPECT_FALSE(certificate["secret"].contains("optional"));
    EXPECT_EQ(mount(pod, "certificate")["mountPath"], "/etc/registry-tenancy/tls");
}

TEST(Manifests, HoldNoWebhookConfigurationsBecauseThePublisherWritesThem) {
    for (auto const& [path, objects] : objects_under("config")) {
        for (auto const& object : objects) {
            EXPECT_FALSE(object["kind"].get<std::string>().ends_with("WebhookConfiguration"))
                << path;
        }
    }
}

TEST(Manifests, HoldNoSecrets) {
    for (auto const& [path, objects] : objects_under("config")) {
        for (auto const& object : objects) {
            EXPECT_NE(object["kind"], "Secret") << path;
        }
    }
}

TEST(Manifests, TheNamespaceEnforcesRestrictedPods) {
    auto const labels = installed("Namespace", product_namespace)["metadata"]["labels"];
    EXPECT_EQ(labels["pod-security.kubernetes.io/enforce"], "restricted");
}

TEST(Manifests, NamespacedObjectsStandInTheProductsNamespace) {
    std::set<std::string> const cluster_scoped{
        "Namespace",          "CustomResourceDefinition",  "ClusterRole",
        "ClusterRoleBinding", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "FlowSchema",         "PriorityLevelConfiguration"};
    for (auto const& object : installed_objects()) {
        auto const kind = object["kind"].get<std::string>();
        auto const ns = object["metadata"].value("namespace", "");
        EXPECT_EQ(ns, cluster_scoped.contains(kind) ? "" : product_namespace)
            << kind << " " << object["metadata"]["name"];
    }
}

TEST(Manifests, PoliciesFailClosedAndDeny) {
    EXPECT_EQ(of_kind("ValidatingAdmissionPolicy").size(), 4U);
    for (auto const& policy : of_kind("ValidatingAdmissionPolicy")) {
        auto const name = policy["metadata"]["name"].get<std::string>();
        EXPECT_EQ(policy["spec"]["failurePolicy"], "Fail") << name;
        auto const binding = installed("ValidatingAdmissionPolicyBinding", name);
        EXPECT_EQ(binding["spec"]["policyName"], name);
        EXPECT_EQ(binding["spec"]["validationActions"], Json::array({"Deny"})) << name;
    }
}

TEST(Manifests, PoliciesNameWhatTheCodeNames) {
    auto const text = text_of("config/policies/pull_secrets.yaml");
    for (auto const name : {rt::tenancy::pull_secret_name, rt::tenancy::managed_by_label,
                            rt::tenancy::managed_by_value}) {
        EXPECT_NE(text.find("'" + std::string(name) + "'"), std::string::npos) << name;
    }
}

TEST(Manifests, EveryFileOfABaseIsListedInItsKustomization) {
    for (auto const& entry : fs::recursive_directory_iterator(absolute("config"))) {
        auto const path = entry.path();
        auto const kustomization = path.parent_path() / "kustomization.yaml";
        if (!entry.is_regular_file() || path.filename() == "kustomization.yaml" ||
            !fs::exists(kustomization)) {
            continue;
        }
        auto const text = text_of(fs::relative(kustomization, RT_SOURCE_DIR).string());
        EXPECT_NE(text.find(path.filename().string()), std::string::npos) << path;
    }
}

}  // namespace
}  // namespace config_test
