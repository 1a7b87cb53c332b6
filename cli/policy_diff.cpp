#include "cli/policy_diff.hpp"

#include <algorithm>
#include <map>

#include "lib/tenancy/session_policy.hpp"

namespace rt::cli {
namespace {

using tenancy::AllowEntry;
using tenancy::covers;
using tenancy::NamespacePolicy;

/// What is allowed at one host.
using ByHost = std::map<std::string, std::vector<AllowEntry>>;

ByHost allowed_by_host(NamespacePolicy const& policy) {
    ByHost hosts;
    for (auto const& registry : policy.registries()) {
        for (std::string const& host : registry.hosts) {
            for (auto const& allow : registry.allow) {
                hosts[host].push_back(allow.entry);
            }
        }
    }
    return hosts;
}

/// What `left` allows and `right` does not (wholly).
std::vector<std::string> beyond(ByHost const& left, ByHost const& right) {
    std::vector<std::string> out;
    for (auto const& [host, entries] : left) {
        auto const other = right.find(host);
        for (AllowEntry const& entry : entries) {
            bool const covered =
                other != right.end() &&
                std::any_of(other->second.begin(), other->second.end(),
                            [&](AllowEntry const& wide) { return covers(wide, entry); });
            if (!covered) {
                out.push_back(host + '/' + entry.display());
            }
        }
    }
    return out;
}

std::string shown(NamespacePolicy const& policy) {
    return std::string(name_of(policy.enforcement()));
}

void compare_advice(ByHost const& before, ByHost const& after, std::vector<std::string>& other) {
    for (auto const& [host, entries] : after) {
        auto const old = before.find(host);
        for (AllowEntry const& entry : entries) {
            bool const was_fine =
                old != before.end() &&
                std::any_of(old->second.begin(), old->second.end(), [&](AllowEntry const& one) {
                    return one.deprecated.empty() && covers(one, entry);
                });
            if (was_fine && !entry.deprecated.empty()) {
                other.push_back("newly deprecated: " + host + '/' + entry.display());
            }
        }
    }
}

}  // namespace

PolicyDiff diff_policies(NamespacePolicy const* before, NamespacePolicy const* after,
                         bool ungoverned_is_open) {
    PolicyDiff diff;
    ByHost const old_hosts = before == nullptr ? ByHost{} : allowed_by_host(*before);
    ByHost const new_hosts = after == nullptr ? ByHost{} : allowed_by_host(*after);
    if (before == nullptr && after == nullptr) {
        return diff;
    }
    if (before == nullptr) {
        diff.other.push_back("newly governed, enforcement " + shown(*after));
        if (ungoverned_is_open) {
            diff.newly_denied.emplace_back("every image that is not allowed below");
        }
        diff.newly_allowed = beyond(new_hosts, {});
        return diff;
    }
    if (after == nullptr) {
        diff.other.push_back(
            std::string("no longer governed: ") +
            (ungoverned_is_open ? "every image is allowed there" : "every image is denied there"));
        if (!ungoverned_is_open) {
            diff.newly_denied = beyond(old_hosts, {});
        }
        return diff;
    }
    diff.newly_denied = beyond(old_hosts, new_hosts);
    diff.newly_allowed = beyond(new_hosts, old_hosts);
    if (before->enforcement() != after->enforcement()) {
        diff.other.push_back("enforcement " + shown(*before) + " -> " + shown(*after));
    }
    if (!(before->pull_secrets() == after->pull_secrets())) {
        diff.other.emplace_back("the pull Secrets that Pods may name change");
    }
    compare_advice(old_hosts, new_hosts, diff.other);
    return diff;
}

}  // namespace rt::cli
