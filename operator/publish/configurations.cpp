#include "operator/publish/configurations.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/image_doors.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op::publish {
namespace {

Json rule(std::string_view group, std::string_view version, std::vector<std::string> resources,
          std::vector<std::string> operations, std::string_view scope) {
    return Json{{"apiGroups", {group}},
                {"apiVersions", {version}},
                {"resources", std::move(resources)},
                {"operations", std::move(operations)},
                {"scope", scope}};
}

/// Namespaces are left out by the one label that nobody can change (kubernetes.io/metadata.name).
Json namespace_selector(tenancy::Settings const& settings) {
    Json excluded = Json::array({"kube-system", settings.product_namespace});
    for (std::string const& ns : settings.excluded_namespaces) {
        excluded.push_back(ns);
    }
    return Json{{"matchExpressions", Json::array({Json{{"key", "kubernetes.io/metadata.name"},
                                                       {"operator", "NotIn"},
                                                       {"values", excluded}}})}};
}

Json webhook(std::string const& name, std::string const& path, ConfigurationInputs const& inputs) {
    tenancy::Settings const& settings = *inputs.settings;
    return Json{{"name", name},
                {"admissionReviewVersions", {"v1"}},
                {"matchPolicy", "Equivalent"},
                {"timeoutSeconds", settings.webhook.timeout.count()},
                {"sideEffects", "NoneOnDryRun"},
                {"clientConfig",
                 {{"caBundle", base64_encode(inputs.ca_bundle_pem)},
                  {"service",
                   {{"name", webhook_service},
                    {"namespace", settings.product_namespace},
                    {"path", path},
                    {"port", 443}}}}}};
}

Json configuration(std::string_view kind, std::string_view name, ConfigurationInputs const& inputs,
                   Json one_webhook) {
    Json const owner{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                     {"kind", "ClusterRole"},
                     {"name", webhook_cluster_role},
                     {"uid", inputs.cluster_role_uid}};
    return Json{{"apiVersion", "admissionregistration.k8s.io/v1"},
                {"kind", kind},
                {"metadata",
                 {{"name", name},
                  {"labels", {{tenancy::managed_by_label, "registry-tenancy-publisher"}}},
                  {"ownerReferences", Json::array({owner})}}},
                {"webhooks", Json::array({std::move(one_webhook)})}};
}

Json validating_rules(tenancy::CustomKinds const& custom_kinds) {
    Json rules = Json::array();
    rules.push_back(rule("", "v1", {"pods"}, {"CREATE", "UPDATE"}, "Namespaced"));
    // `pods` never matches a subresource, and this one adds containers to running Pods.
    rules.push_back(rule("", "v1", {"pods/ephemeralcontainers"}, {"UPDATE"}, "Namespaced"));
    for (tenancy::TemplateKind const& kind : tenancy::template_kinds()) {
        rules.push_back(rule(kind.group, kind.version, {std::string(kind.resource)},
                             {"CREATE", "UPDATE"}, "Namespaced"));
    }
    // In every version: paths are the same, and a version that is not listed would be a way around.
    for (tenancy::CustomKind const& kind : custom_kinds) {
        rules.push_back(rule(kind.group, "*", {kind.resource}, {"CREATE", "UPDATE"}, "Namespaced"));
    }
    return rules;
}

}  // namespace

std::vector<Json> make_configurations(ConfigurationInputs const& inputs) {
    Json mutate = webhook("mutate.registrytenancy.dev", "/mutate", inputs);
    mutate["rules"] = Json::array({rule("", "v1", {"pods"}, {"CREATE"}, "Namespaced")});
    mutate["failurePolicy"] = "Ignore";
    mutate["reinvocationPolicy"] = "IfNeeded";
    mutate["namespaceSelector"] = namespace_selector(*inputs.settings);

    Json validate = webhook("validate.registrytenancy.dev", "/validate", inputs);
    validate["rules"] = validating_rules(inputs.settings->custom_kinds);
    validate["failurePolicy"] = inputs.break_glass ? "Ignore" : "Fail";
    validate["namespaceSelector"] = namespace_selector(*inputs.settings);

    Json resources = webhook("resources.registrytenancy.dev", "/validate-registrytenancy", inputs);
    resources["rules"] = Json::array({rule(
        tenancy::api_group, "v1alpha1", {"registries", "registrytenancies", "registryexceptions"},
        {"CREATE", "UPDATE", "DELETE"}, "Cluster")});
    resources["failurePolicy"] = "Ignore";
    resources["sideEffects"] = "None";
    resources["timeoutSeconds"] = 10;

    return {configuration("MutatingWebhookConfiguration", configuration_name, inputs,
                          std::move(mutate)),
            configuration("ValidatingWebhookConfiguration", configuration_name, inputs,
                          std::move(validate)),
            configuration("ValidatingWebhookConfiguration", resources_configuration_name, inputs,
                          std::move(resources))};
}

bool break_glass_active(Json const& validating_configuration, WallTime now) {
    auto const annotations = kube::meta_of(validating_configuration).annotations;
    auto const found = annotations.find(std::string(break_glass_annotation));
    if (found == annotations.end()) {
        return false;
    }
    auto const until = parse_rfc3339(found->second);
    return until && now < *until;
}

std::vector<std::string> ca_bundles_of(Json const& configuration) {
    std::vector<std::string> bundles;
    Json const* const webhooks = find(configuration, "webhooks");
    if (webhooks == nullptr || !webhooks->is_array()) {
        return bundles;
    }
    for (Json const& one : *webhooks) {
        Json const* const client = find(one, "clientConfig");
        auto decoded = base64_decode(client == nullptr ? "" : string_at(*client, "caBundle"));
        bundles.push_back(decoded ? *decoded : std::string());
    }
    return bundles;
}

}  // namespace rt::op::publish
