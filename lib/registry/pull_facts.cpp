#include "lib/registry/pull_facts.hpp"

#include <array>

#include "lib/http/message.hpp"

namespace rt::registry {
namespace {

bool same_endpoint(http::Url const& one, http::Url const& other) {
    return one.scheme == other.scheme && one.authority == other.authority && one.path == other.path;
}

/// dockerauth[-ee][-vpc].REGION.aliyuncs.com, and with '-' before the region where that is older.
bool is_alibaba_realm(std::string_view authority, std::string const& region) {
    std::string_view const prefix = "dockerauth";
    std::string const suffix = region + ".aliyuncs.com";
    if (!authority.starts_with(prefix) || !authority.ends_with(suffix) ||
        authority.size() <= prefix.size() + suffix.size()) {
        return false;
    }
    std::string_view const between =
        authority.substr(prefix.size(), authority.size() - prefix.size() - suffix.size());
    static constexpr std::array<std::string_view, 8> known{".",    "-",    "-vpc.",    "-vpc-",
                                                           "-ee.", "-ee-", "-ee-vpc.", "-ee-vpc-"};
    for (std::string_view const one : known) {
        if (between == one) {
            return true;
        }
    }
    return false;
}

/// PROJECT/REPOSITORY/... as the resource that policies speak of.
std::string google_repository(tenancy::GoogleArtifactRegistrySpec const& spec,
                              tenancy::AllowEntry const& entry) {
    std::size_t const first = entry.path.find('/');
    if (first == std::string::npos) {
        return entry.path.empty() ? "every project" : "projects/" + entry.path;
    }
    std::size_t const second = entry.path.find('/', first + 1);
    return "projects/" + entry.path.substr(0, first) + "/locations/" + spec.location +
           "/repositories/" +
           entry.path.substr(first + 1, second == std::string::npos ? second : second - first - 1);
}

}  // namespace

bool realm_allowed(tenancy::Registry const& registry, std::string_view host,
                   std::string_view realm) {
    http::Url const url = http::split_url(realm);
    if (url.scheme != "https" || url.authority.find('@') != std::string::npos) {
        return false;
    }
    if (!registry.realm.empty()) {
        return same_endpoint(url, http::split_url(registry.realm));
    }
    if (registry.alibaba_acr) {
        return is_alibaba_realm(url.authority, registry.alibaba_acr->region);
    }
    if (registry.amazon_ecr) {
        return false;  // ECR takes Basic authentication and knows no token endpoint
    }
    // Docker Hub alone answers for itself elsewhere.
    std::string_view const own = host == "docker.io" ? "auth.docker.io" : host;
    return url.authority == own;
}

Permission pull_permission(tenancy::Registry const& registry, std::string_view account,
                           tenancy::AllowEntry const& entry) {
    if (registry.alibaba_acr) {
        tenancy::AlibabaAcrSpec const& instance = *registry.alibaba_acr;
        std::string const owner =
            instance.account_id.empty() ? std::string(account) : instance.account_id;
        bool const personal = instance.edition == tenancy::AlibabaAcrSpec::Edition::Personal;
        return {{"cr:PullRepository"},
                "acs:cr:" + instance.region + ':' + owner + ":repository/" +
                    (personal ? "" : instance.instance_id + '/') + entry.display()};
    }
    if (registry.google_artifact_registry) {
        return {{"artifactregistry.repositories.downloadArtifacts"},
                google_repository(*registry.google_artifact_registry, entry),
                "roles/artifactregistry.reader"};
    }
    if (registry.azure_acr && registry.azure_acr->scope_map_tokens) {
        return {{"content/read"}, entry.display() + " in the scope map of the token"};
    }
    if (registry.azure_acr) {
        return {{"Microsoft.ContainerRegistry/registries/pull/read"},
                "registry " + registry.hosts.front().str(),
                "AcrPull, or Container Registry Repository Reader where the registry uses ABAC"};
    }
    if (registry.harbor) {
        bool const whole = entry.kind == tenancy::AllowEntry::Kind::WholeRegistry;
        return {{"repository:pull"},
                whole ? "every project" : "project " + entry.path.substr(0, entry.path.find('/'))};
    }
    if (registry.amazon_ecr) {
        tenancy::AmazonEcrSpec const& ecr = *registry.amazon_ecr;
        return {
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            "arn:" + std::string(ecr.partition()) + ":ecr:" + ecr.region + ':' + ecr.registry_id +
                ":repository/" + entry.display()};
    }
    return {};
}

}  // namespace rt::registry
