#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/digest.hpp"
#include "lib/tenancy/policy.hpp"

/// Registries and credentials for tests of lib/registry.
namespace rt::registry::testing {

inline constexpr char acr_host[] = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";
inline constexpr char acr_realm[] = "https://dockerauth.cn-shanghai.aliyuncs.com/auth";
inline constexpr char ecr_host[] = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";

inline tenancy::Registry registry(Json spec) {
    auto parsed = tenancy::Registry::parse({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                                            {"kind", "Registry"},
                                            {"metadata", {{"name", "shared"}}},
                                            {"spec", std::move(spec)}});
    return std::move(parsed).value();
}

inline tenancy::Registry acr(Json more = Json::object()) {
    Json spec = {{"hosts", {acr_host}},
                 {"type", "AlibabaACR"},
                 {"alibabaACR",
                  {{"instanceID", "cri-shanghai-shared01"},
                   {"region", "cn-shanghai"},
                   {"identity", {{"type", "InstanceRole"}}}}}};
    spec.update(more);
    return registry(std::move(spec));
}

inline tenancy::Registry ecr() {
    return registry({{"hosts", {ecr_host}},
                     {"type", "AmazonECR"},
                     {"amazonECR",
                      {{"registryID", "111122223333"},
                       {"region", "eu-central-1"},
                       {"identity", {{"type", "InstanceRole"}}}}}});
}

inline constexpr char google_host[] = "europe-west3-docker.pkg.dev";
inline constexpr char azure_host[] = "demo.azurecr.io";
inline constexpr char harbor_host[] = "harbor.example.com";

inline tenancy::Registry google() {
    return registry({{"hosts", {google_host}},
                     {"type", "GoogleArtifactRegistry"},
                     {"googleArtifactRegistry",
                      {{"location", "europe-west3"}, {"identity", {{"type", "InstanceRole"}}}}},
                     {"allowUnnarrowed", true}});
}

inline tenancy::Registry azure() {
    return registry({{"hosts", {azure_host}},
                     {"type", "AzureACR"},
                     {"azureACR",
                      {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
                       {"cloud", "Public"},
                       {"identity", {{"type", "InstanceRole"}}}}},
                     {"allowUnnarrowed", true}});
}

inline tenancy::Registry harbor() {
    return registry(
        {{"hosts", {harbor_host}},
         {"type", "Harbor"},
         {"harbor",
          {{"url", std::string("https://") + harbor_host},
           {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", "robot"}}}}}}}});
}

inline tenancy::Registry fixed_login(std::string const& host) {
    return registry({{"hosts", {host}},
                     {"type", "DockerConfigSecret"},
                     {"dockerConfigSecret", {{"secretName", "login"}}},
                     {"allowUnnarrowed", true}});
}

inline tenancy::AllowEntry in_namespace(std::string path) {
    return {tenancy::AllowEntry::Kind::Namespace, std::move(path), {}};
}

inline tenancy::CredentialSpec credential(tenancy::Registry of, std::string const& role) {
    tenancy::CredentialSpec spec;
    spec.registry = std::make_shared<tenancy::Registry const>(std::move(of));
    if (!role.empty()) {
        spec.role = tenancy::Role::parse(role).value();
    }
    spec.tenancies = {"cainiao"};
    return spec;
}

/// A token whose claims are `claims`; nobody checks its signature here.
inline std::string token_with(Json const& claims) {
    std::string body = base64_encode(claims.dump());
    for (char& c : body) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    body.erase(body.find_last_not_of('=') + 1);
    return "eyJhbGciOiJFUzI1NiJ9." + body + ".c2lnbmF0dXJl";
}

inline std::string token_for(std::vector<std::string> const& repositories) {
    Json access = Json::array();
    for (std::string const& name : repositories) {
        access.push_back({{"type", "repository"}, {"name", name}, {"actions", {"pull"}}});
    }
    return Json{{"token", token_with({{"access", access}})}, {"expires_in", 300}}.dump();
}

}  // namespace rt::registry::testing
