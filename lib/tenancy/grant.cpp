#include "lib/tenancy/grant.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::tenancy {
namespace {

// The bounds of crds/registrygrants.yaml.
constexpr std::size_t registries_max = 256;
constexpr std::size_t hosts_max = 32;
constexpr std::size_t allow_max = 4096;
constexpr std::size_t tenancies_max = 1024;
constexpr std::size_t problems_max = 256;
constexpr std::size_t message_bytes_max = 1024;
/// The CRD allows 1,024; a terminal column shows far less.
constexpr std::size_t summary_bytes_max = 256;

Json first_of(std::vector<std::string> const& texts, std::size_t items_max) {
    Json out = Json::array();
    for (auto const& text : texts) {
        if (out.size() == items_max) {
            break;
        }
        out.push_back(text);
    }
    return out;
}

Json registry_json(EffectiveRegistry const& registry) {
    Json allow = Json::array();
    for (auto const& effective : registry.allow) {
        if (allow.size() == allow_max) {
            break;
        }
        Json entry = to_json(effective.entry);
        entry["tenancies"] = first_of(effective.tenancies, tenancies_max);
        allow.push_back(std::move(entry));
    }
    return {{"name", registry.name},
            {"hosts", first_of(registry.hosts, hosts_max)},
            {"allow", std::move(allow)}};
}

Json problem_json(GrantProblem const& problem) {
    Json out = {{"reason", problem.reason},
                {"message", printable(problem.message, message_bytes_max)}};
    if (!problem.registry.empty()) {
        out["registry"] = problem.registry;
    }
    if (!problem.tenancy.empty()) {
        out["tenancy"] = problem.tenancy;
    }
    if (problem.since) {
        out["since"] = format_rfc3339(*problem.since);
    }
    return out;
}

Json spec_json(NamespacePolicy const& policy) {
    std::set<std::string> names;
    for (auto const& source : policy.sources()) {
        names.insert(source->meta.name);
    }
    Json spec = {
        {"enforcement", name_of(policy.enforcement())},
        {"tenancies", first_of({names.begin(), names.end()}, tenancies_max)},
        {"imagePullSecrets", {{"policy", policy.pull_secrets().listed ? "Listed" : "Any"}}},
        {"registries", Json::array()}};
    if (policy.pull_secrets().listed) {
        spec["imagePullSecrets"]["allowed"] = policy.pull_secrets().allowed;
    }
    if (!policy.contact().empty()) {
        spec["contact"] = policy.contact();
    }
    if (!policy.docs_url().empty()) {
        spec["docsURL"] = policy.docs_url();
    }
    for (auto const& registry : policy.registries()) {
        if (spec["registries"].size() == registries_max) {
            break;
        }
        spec["registries"].push_back(registry_json(registry));
    }
    return spec;
}

}  // namespace

Json effective_grant(NamespacePolicy const& policy, std::span<GrantProblem const> problems,
                     std::string_view ns) {
    Json grant = {{"apiVersion", api_version},
                  {"kind", "RegistryGrant"},
                  {"metadata",
                   {{"name", grant_name},
                    {"namespace", ns},
                    {"labels", {{std::string(managed_by_label), managed_by_value}}}}},
                  {"summary", summary_of(policy, summary_bytes_max)},
                  {"spec", spec_json(policy)}};
    for (auto const& problem : problems.first(std::min(problems.size(), problems_max))) {
        grant["problems"].push_back(problem_json(problem));
    }
    return grant;
}

std::string summary_of(NamespacePolicy const& policy, std::size_t bytes_max) {
    std::string out;
    for (auto const& registry : policy.registries()) {
        if (!registry.exists) {
            continue;  // nothing can be pulled from it; the problems say so
        }
        if (!out.empty()) {
            out += "; ";
        }
        out += registry.name + ": ";
        for (auto const& effective : registry.allow) {
            if (&effective != registry.allow.data()) {
                out += ", ";
            }
            out += effective.entry.display();
        }
    }
    return printable(out.empty() ? "nothing" : out, bytes_max);
}

}  // namespace rt::tenancy
