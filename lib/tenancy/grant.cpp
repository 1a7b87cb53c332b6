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
constexpr std::size_t exceptions_max = 256;
constexpr std::size_t exception_hosts_max = 256;
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

/// An entry of `allow` that exceptions stand behind. One with a digest has a member of its own:
/// whoever enforces the grant and doesn't know it allows less, not more.
Json exception_entry_json(EffectiveException const& one) {
    Json entry = one.digest.empty() ? to_json(one.entry)
                                    : Json{{"image", one.entry.path + '@' + one.digest}};
    entry["exceptions"] = Json::array({one.name});
    return entry;
}

/// Appends what exceptions open; several behind the same entry share it.
void append_exceptions(Json& allow, std::vector<EffectiveException> const& exceptions) {
    EffectiveException const* before = nullptr;
    for (auto const& one : exceptions) {
        bool const same =
            before != nullptr && before->entry == one.entry && before->digest == one.digest;
        if (same) {
            Json& names = allow.back()["exceptions"];
            if (std::find(names.begin(), names.end(), one.name) == names.end() &&
                names.size() < exceptions_max) {
                names.push_back(one.name);
            }
            continue;
        }
        if (allow.size() == allow_max) {
            return;
        }
        allow.push_back(exception_entry_json(one));
        before = &one;
    }
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
    append_exceptions(allow, registry.exceptions);
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
    if (!problem.exception.empty()) {
        out["exception"] = problem.exception;
    }
    if (problem.since) {
        out["since"] = format_rfc3339(*problem.since);
    }
    return out;
}

/// spec.exceptions and spec.hosts, where there are any.
void add_exceptions(Json& spec, NamespacePolicy const& policy) {
    for (auto const& active : policy.exceptions()) {
        if (spec.contains("exceptions") && spec["exceptions"].size() == exceptions_max) {
            break;
        }
        spec["exceptions"].push_back(
            {{"name", active.exception->meta.name}, {"endsAt", format_rfc3339(active.ends_at)}});
    }
    for (auto const& host : policy.exception_hosts()) {
        if (spec.contains("hosts") && spec["hosts"].size() == exception_hosts_max) {
            break;
        }
        Json allow = Json::array();
        append_exceptions(allow, host.allow);
        spec["hosts"].push_back({{"host", host.host}, {"allow", std::move(allow)}});
    }
}

Json spec_json(NamespacePolicy const& policy) {
    std::set<std::string> names;
    for (auto const& source : policy.sources()) {
        names.insert(source->meta.name);
    }
    Json spec = {
        {"enforcement", name_of(policy.enforcement())},
        {"imagePullSecrets", {{"policy", policy.pull_secrets().listed ? "Listed" : "Any"}}}};
    // The API server stores no empty lists: written, they would never equal what is there.
    if (!names.empty()) {
        spec["tenancies"] = first_of({names.begin(), names.end()}, tenancies_max);
    }
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
        if (spec.contains("registries") && spec["registries"].size() == registries_max) {
            break;
        }
        spec["registries"].push_back(registry_json(registry));
    }
    add_exceptions(spec, policy);
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
        if (!registry.exists || registry.allow.empty()) {
            continue;  // nothing can be pulled from it; the problems or the exceptions say so
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
    for (auto const& active : policy.exceptions()) {
        out += out.empty() ? "" : "; ";
        out += "until " + format_rfc3339(active.ends_at) + ": ";
        auto const& images = active.exception->images;
        for (auto const& image : images) {
            out += (&image == images.data() ? "" : ", ") + image.display();
        }
    }
    return printable(out.empty() ? "nothing" : out, bytes_max);
}

}  // namespace rt::tenancy
