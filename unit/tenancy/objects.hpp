#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/image_reference.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_exception.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

/// Objects for tests of lib/tenancy, written as people write them.
namespace rt::tenancy::testing {

inline constexpr std::string_view vpc_host = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";
inline constexpr std::string_view public_host = "shareacr-registry.cn-shanghai.cr.aliyuncs.com";
inline constexpr std::string_view cainiao_role = "acs:ram::1146716667364888:role/acr-cainiao";

inline Json object(std::string_view kind, std::string_view name, Json spec, int age_days = 0) {
    // The older, the larger age_days; timestamps are whole days before a fixed one.
    auto const created =
        parse_rfc3339("2026-11-22T00:00:00Z").value() - std::chrono::hours(24 * age_days);
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"name", name}, {"creationTimestamp", format_rfc3339(created)}}},
            {"spec", std::move(spec)}};
}

inline Json acr_spec() {
    return {{"hosts", {vpc_host, public_host}},
            {"type", "AlibabaACR"},
            {"alibabaACR",
             {{"instanceID", "cri-shanghai-shared01"},
              {"region", "cn-shanghai"},
              {"identity", {{"type", "InstanceRole"}}}}}};
}

inline Json ecr_spec() {
    return {{"hosts", {"111122223333.dkr.ecr.eu-central-1.amazonaws.com"}},
            {"type", "AmazonECR"},
            {"amazonECR",
             {{"registryID", "111122223333"},
              {"region", "eu-central-1"},
              {"identity", {{"type", "InstanceRole"}}}}}};
}

inline Json gar_spec() {
    return {{"hosts", {"europe-west3-docker.pkg.dev"}},
            {"type", "GoogleArtifactRegistry"},
            {"googleArtifactRegistry",
             {{"location", "europe-west3"}, {"identity", {{"type", "InstanceRole"}}}}},
            {"allowUnnarrowed", true}};
}

inline Json azure_spec() {
    return {{"hosts", {"demo.azurecr.io"}},
            {"type", "AzureACR"},
            {"azureACR",
             {{"tenantID", "11111111-2222-3333-4444-555555555555"},
              {"identity", {{"type", "InstanceRole"}}}}},
            {"allowUnnarrowed", true}};
}

/// Its credentials are narrowed by scope maps.
inline Json azure_tokens_spec() {
    Json spec = azure_spec();
    spec.erase("allowUnnarrowed");
    spec["azureACR"]["scopeMapTokens"]["resourceID"] =
        "/subscriptions/66666666-7777-8888-9999-aaaaaaaaaaaa/resourceGroups/my-rg/providers/"
        "Microsoft.ContainerRegistry/registries/demoregistry";
    return spec;
}

inline Json harbor_spec() {
    return {{"hosts", {"harbor.example.com"}},
            {"type", "Harbor"},
            {"harbor",
             {{"url", "https://harbor.example.com"},
              {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", "harbor"}}}}}}}};
}

inline Json anonymous_spec(std::string_view host) {
    return {{"hosts", {host}}, {"type", "Anonymous"}, {"anonymous", Json::object()}};
}

inline Json tenancy_spec() {
    return {{"namespaces", {"cainiao-prod"}},
            {"registries",
             {{{"name", "shared-acr"},
               {"role", cainiao_role},
               {"externalID", "{cluster}"},
               {"allow", {{{"namespace", "cainiao"}}}}}}}};
}

inline std::string errors_of(FieldErrors const& errors) {
    std::string out;
    for (auto const& error : errors) {
        out += error.pointer + ": " + error.message + '\n';
    }
    return out;
}

inline std::shared_ptr<Registry const> registry(std::string_view name, Json spec,
                                                int age_days = 0) {
    auto parsed = Registry::parse(object("Registry", name, std::move(spec), age_days));
    if (!parsed) {
        throw std::runtime_error(errors_of(parsed.error()));
    }
    return std::make_shared<Registry const>(*std::move(parsed));
}

inline std::shared_ptr<RegistryTenancy const> tenancy(std::string_view name, Json spec,
                                                      int age_days = 0) {
    auto parsed =
        RegistryTenancy::parse(object("RegistryTenancy", name, std::move(spec), age_days));
    if (!parsed) {
        throw std::runtime_error(errors_of(parsed.error()));
    }
    return std::make_shared<RegistryTenancy const>(*std::move(parsed));
}

inline Json exception_spec(Json images) {
    return {{"namespaces", {"team"}},
            {"images", std::move(images)},
            {"reason", "INC-4711"},
            {"expiresAt", "2026-12-01T00:00:00Z"}};
}

inline std::shared_ptr<RegistryException const> exception(std::string_view name, Json spec,
                                                          int age_days = 0) {
    auto parsed =
        RegistryException::parse(object("RegistryException", name, std::move(spec), age_days));
    if (!parsed) {
        throw std::runtime_error(errors_of(parsed.error()));
    }
    return std::make_shared<RegistryException const>(*std::move(parsed));
}

/// An exception that ends when it says so.
inline ActiveException active(std::string_view name, Json spec, int age_days = 0) {
    auto one = exception(name, std::move(spec), age_days);
    return {one, one->expires_at};
}

/// The two registries that most tests need: the shared one, and one without credentials.
inline RegistryCatalog catalog() {
    return RegistryCatalog(
        {registry("shared-acr", acr_spec()), registry("docker-hub", anonymous_spec("docker.io"))});
}

/// A tenancy of namespace "team" with one registry entry.
inline Json one_registry(std::string_view name, Json allow, std::string_view role = cainiao_role) {
    Json entry = {{"name", name}, {"allow", std::move(allow)}};
    if (!role.empty()) {
        entry["role"] = role;
    }
    Json spec = {{"namespaces", {"team"}}};
    spec["registries"].push_back(std::move(entry));
    return spec;
}

inline AllowEntry whole() {
    return {AllowEntry::Kind::WholeRegistry, "", ""};
}
inline AllowEntry in_namespace(std::string_view path) {
    return {AllowEntry::Kind::Namespace, std::string(path), ""};
}
inline AllowEntry repository(std::string_view path) {
    return {AllowEntry::Kind::Repository, std::string(path), ""};
}

}  // namespace rt::tenancy::testing
