#include "lib/tenancy/session_policy.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace rt::tenancy {
namespace {

/// True where what `wide` allows includes all of `narrow`.
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

/// The paths below "repository/INSTANCE/" in RAM's notation ('*' spans slashes), sorted, without
/// those that others include: the policy has little room.
std::vector<std::string> resource_paths(std::span<AllowEntry const> allow) {
    std::vector<std::string> paths;
    for (auto const& entry : allow) {
        bool const redundant = std::any_of(
            allow.begin(), allow.end(),
            [&](AllowEntry const& other) { return covers(other, entry) && !covers(entry, other); });
        if (!redundant) {
            paths.push_back(entry.display());
        }
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

}  // namespace

Result<std::string> acr_session_policy(AlibabaAcrSpec const& instance, std::string_view account,
                                       std::span<AllowEntry const> allow) {
    if (allow.empty()) {
        return fail(
            invalid_argument("nothing is allowed, so there is nothing to mint a credential "
                             "for"));
    }
    std::string prefix = "acs:cr:" + instance.region + ':';
    prefix += instance.account_id.empty() ? account : std::string_view(instance.account_id);
    prefix += ":repository/" + instance.instance_id + '/';
    // Texts are bound to characters that JSON does not escape (RepositoryPath, region, instance
    // ID).
    std::string policy = R"({"Version":"1","Statement":[)"
                         R"({"Effect":"Allow","Action":"cr:GetAuthorizationToken","Resource":"*"},)"
                         R"({"Effect":"Allow","Action":"cr:PullRepository","Resource":[)";
    auto const paths = resource_paths(allow);
    for (auto const& path : paths) {
        policy += &path == paths.data() ? "\"" : ",\"";
        policy += prefix;
        policy += path;
        policy += '"';
    }
    policy += "]}]}";
    if (policy.size() >= acr_session_policy_bytes_max) {
        return fail(invalid_argument(
            "allow compiles to a session policy of " + std::to_string(policy.size()) +
            " bytes for " + std::to_string(paths.size()) +
            " paths, but the cloud takes less than " +
            std::to_string(acr_session_policy_bytes_max) +
            ": allow fewer paths, or a registry namespace instead of single repositories"));
    }
    return policy;
}

}  // namespace rt::tenancy
