#include "lib/tenancy/session_policy.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace rt::tenancy {
namespace {

/// The paths below "repository/INSTANCE/" in RAM's notation ('*' spans slashes), sorted, without
/// those that others include: the policy has little room.
std::vector<std::string> resource_paths(std::span<AllowEntry const> allow) {
    std::vector<std::string> paths;
    for (auto const& entry : without_covered(allow)) {
        paths.push_back(entry.display());
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

Error nothing_allowed() {
    return invalid_argument("nothing is allowed, so there is nothing to mint a credential for");
}

Error too_large(std::size_t bytes, std::size_t paths, std::string_view limit) {
    Error error = invalid_argument(
        "the session policy would have " + std::to_string(bytes) + " bytes for " +
        std::to_string(paths) + " paths in all, but the cloud takes " + std::string(limit) +
        ": allow fewer paths, or a registry namespace instead of single repositories");
    error.code = "PolicyTooLarge";
    return error;
}

Error not_narrowable(Registry const& registry, AllowEntry const& entry) {
    Error error =
        invalid_argument("a robot of Harbor is narrowed to whole projects, and " + entry.display() +
                         " is none: allow the project (namespace: "
                         "PROJECT), or set allowUnnarrowed in Registry \"" +
                         registry.meta.name + '"');
    error.code = "NotNarrowable";
    return error;
}

/// ["PREFIXa","PREFIXb"]. Texts are bound to characters that JSON does not escape (RepositoryPath,
/// region, instance ID).
std::string json_list(std::string const& prefix, std::vector<std::string> const& paths) {
    std::string list = "[";
    for (auto const& path : paths) {
        list += list.size() == 1 ? "\"" : ",\"";
        list += prefix;
        list += path;
        list += '"';
    }
    return list + ']';
}

}  // namespace

bool covers(AllowEntry const& wide, AllowEntry const& narrow) {
    switch (wide.kind) {
        case AllowEntry::Kind::WholeRegistry:
            return true;
        case AllowEntry::Kind::Repository:
            return narrow.kind == AllowEntry::Kind::Repository && narrow.path == wide.path;
        case AllowEntry::Kind::Namespace:
            break;
    }
    if (narrow.kind == AllowEntry::Kind::WholeRegistry) {
        return false;
    }
    if (narrow.kind == AllowEntry::Kind::Namespace && narrow.path == wide.path) {
        return true;
    }
    return narrow.path.size() > wide.path.size() && narrow.path.starts_with(wide.path) &&
           narrow.path[wide.path.size()] == '/';
}

std::vector<AllowEntry> without_covered(std::span<AllowEntry const> allow) {
    std::vector<AllowEntry> rest;
    for (auto const& entry : allow) {
        bool const redundant = std::any_of(
            allow.begin(), allow.end(),
            [&](AllowEntry const& other) { return covers(other, entry) && !covers(entry, other); });
        if (!redundant) {
            rest.push_back(entry);
        }
    }
    return rest;
}

Result<std::string> acr_session_policy(AlibabaAcrSpec const& instance, std::string_view account,
                                       std::span<AllowEntry const> allow) {
    if (allow.empty()) {
        return fail(nothing_allowed());
    }
    std::string prefix = "acs:cr:" + instance.region + ':';
    prefix += instance.account_id.empty() ? account : std::string_view(instance.account_id);
    prefix += ":repository/";
    if (instance.edition == AlibabaAcrSpec::Edition::Enterprise) {
        prefix += instance.instance_id + '/';
    }
    auto const paths = resource_paths(allow);
    std::string policy = R"({"Version":"1","Statement":[)"
                         R"({"Effect":"Allow","Action":"cr:GetAuthorizationToken","Resource":"*"},)"
                         R"({"Effect":"Allow","Action":"cr:PullRepository","Resource":)" +
                         json_list(prefix, paths) + "}]}";
    if (policy.size() >= acr_session_policy_bytes_max) {
        return fail(too_large(policy.size(), paths.size(),
                              "less than " + std::to_string(acr_session_policy_bytes_max)));
    }
    return policy;
}

Result<std::string> ecr_session_policy(AmazonEcrSpec const& registry,
                                       std::span<AllowEntry const> allow) {
    if (allow.empty()) {
        return fail(nothing_allowed());
    }
    std::string const prefix = "arn:" + std::string(registry.partition()) +
                               ":ecr:" + registry.region + ':' + registry.registry_id +
                               ":repository/";
    auto const paths = resource_paths(allow);
    std::string policy =
        R"({"Version":"2012-10-17","Statement":[)"
        R"({"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},)"
        R"({"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage",)"
        R"("ecr:GetDownloadUrlForLayer"],"Resource":)" +
        json_list(prefix, paths) + "}]}";
    if (policy.size() > ecr_session_policy_bytes_max) {
        return fail(too_large(policy.size(), paths.size(),
                              "at most " + std::to_string(ecr_session_policy_bytes_max)));
    }
    return policy;
}

Result<std::string> session_policy(Registry const& registry, std::optional<Role> const& role,
                                   std::span<AllowEntry const> allow) {
    if (registry.alibaba_acr && role) {
        return acr_session_policy(*registry.alibaba_acr, role->account(), allow);
    }
    if (registry.amazon_ecr) {
        return ecr_session_policy(*registry.amazon_ecr, allow);
    }
    if (registry.harbor && !registry.allow_unnarrowed) {
        auto const wide = std::find_if(allow.begin(), allow.end(), [](AllowEntry const& entry) {
            return !is_harbor_project(entry);
        });
        if (wide != allow.end()) {
            return fail(not_narrowable(registry, *wide));
        }
    }
    return std::string();
}

}  // namespace rt::tenancy
