#include "e2e/suite/support/google.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "e2e/suite/support/eventually.hpp"

namespace e2e {

std::string google_host(std::string_view location) {
    return std::string(location) + "-docker.pkg.dev";
}

std::string google_image(std::string_view location, std::string const& repository) {
    return google_host(location) + "/acme-images/" + repository + "/a1:v0.1";
}

std::string google_account(std::string const& name) {
    return name + "@acme-images.iam.gserviceaccount.com";
}

std::string google_provider(std::string const& name) {
    return "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/"
           "clusters/providers/" +
           name;
}

Json google_identity(std::string const& type, std::string const& provider) {
    Json identity = {{"type", type}};
    if (type == "OIDC") {
        identity["oidc"] = {{"audience", google_provider(provider)}};
    } else if (type == "ServiceAccount") {
        identity["serviceAccount"] = {{"audience", google_provider(provider)}};
    }
    return identity;
}

testing::AssertionResult apply_google_registry(std::string_view location) {
    std::string const type = location == google_oidc_location              ? "OIDC"
                             : location == google_service_account_location ? "ServiceAccount"
                                                                           : "InstanceRole";
    Json const registry = {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "Registry"},
        {"metadata", {{"name", "gar-" + std::string(location)}}},
        {"spec",
         {{"hosts", {google_host(location)}},
          {"type", "GoogleArtifactRegistry"},
          {"googleArtifactRegistry",
           {{"location", std::string(location)}, {"identity", google_identity(type)}}},
          {"allowedRoles", {google_account("pull-*")}},
          {"allowUnnarrowed", true}}}};
    return eventually(std::chrono::seconds(30), [&] {
        CommandResult const result = apply(registry);
        return result.ok() ? std::string() : result.text();
    });
}

Json google_tenancy_manifest(std::string const& name, std::string const& ns,
                             std::string const& registry, std::string const& account, Json allow) {
    Json entry = {{"name", registry}, {"allow", std::move(allow)}};
    if (!account.empty()) {
        entry["role"] = google_account(account);
    }
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryTenancy"},
            {"metadata", {{"name", name}}},
            {"spec", {{"namespaces", {ns}}, {"registries", Json::array({entry})}}}};
}

Json google_payments() {
    return Json::array({{{"namespace", "acme-images/payments"}}});
}

}  // namespace e2e
