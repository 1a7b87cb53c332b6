#include "cli/diff.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "cli/policy_diff.hpp"
#include "cli/verdicts.hpp"
#include "cli/workloads.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

constexpr std::size_t namespaces_shown_max = 8;
constexpr std::size_t workloads_shown_max = 50;

std::string named(std::vector<std::string> const& names) {
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), namespaces_shown_max); ++i) {
        out += (i == 0 ? "" : ", ") + printable(names[i], 64);
    }
    if (names.size() > namespaces_shown_max) {
        out += " and " + std::to_string(names.size() - namespaces_shown_max) + " more";
    }
    return out;
}

void add_section(std::string& out, std::string_view head, std::vector<std::string> const& lines) {
    for (std::string const& line : lines) {
        out += "  " + std::string(head) + printable(line, 512) + '\n';
    }
}

/// One verdict before and after.
std::string key_of(VerdictEntry const& entry) {
    return entry.object.kind + ' ' + entry.object.ns + '/' + entry.object.name + ' ' + entry.path +
           ' ' + entry.image;
}

/// The workloads that would fare differently.
struct Impact {
    std::vector<std::string> newly_denied;
    std::vector<std::string> newly_allowed;
};

Result<void> add_impact(Impact& impact, kube::Client& client, WorkloadKinds const& kinds,
                        std::string const& ns, World& before, World& after) {
    RT_TRY(auto const documents, workloads_in(client, kinds, ns));
    Verdicts const old_verdicts = judge_documents(documents, before, ns);
    std::map<std::string, bool> allowed_before;
    for (VerdictEntry const& entry : old_verdicts.entries) {
        allowed_before[key_of(entry)] = entry.allowed;
    }
    for (VerdictEntry const& entry : judge_documents(documents, after, ns).entries) {
        auto const old = allowed_before.find(key_of(entry));
        if (old != allowed_before.end() && old->second != entry.allowed) {
            (entry.allowed ? impact.newly_allowed : impact.newly_denied).push_back(key_of(entry));
        }
    }
    return {};
}

void add_workloads(std::string& out, std::string_view what, std::vector<std::string> const& all) {
    if (all.empty()) {
        return;
    }
    out += "workloads that would be " + std::string(what) +
           " at their next start: " + std::to_string(all.size()) + '\n';
    for (std::size_t i = 0; i < std::min(all.size(), workloads_shown_max); ++i) {
        out += "  " + printable(all[i], 512) + '\n';
    }
    if (all.size() > workloads_shown_max) {
        out += "  and " + std::to_string(all.size() - workloads_shown_max) + " more\n";
    }
}

/// Puts the changes into `world`; the error says what cannot be used.
Result<void> change(World& world, DiffOptions const& options, Environment& env) {
    Manifests const manifests = read_manifests({options.files, {}, options.world.recursive}, env);
    std::vector<std::string> problems = manifests.problems;
    std::size_t const known = world.problems().size();
    bool any = false;
    for (Document const& document : manifests.documents) {
        any = world.add(document.object(), document.file, true) || any;
    }
    for (std::string const& name : options.deleted) {
        if (!world.tenancies().contains(name)) {
            problems.push_back("there is no RegistryTenancy \"" + printable(name, 128) +
                               "\": correct --delete");
        }
        world.remove_tenancy(name);
        any = true;
    }
    problems.insert(problems.end(), world.problems().begin() + static_cast<std::ptrdiff_t>(known),
                    world.problems().end());
    if (problems.empty() && !any) {
        problems.emplace_back(
            "-f holds no Registry, RegistryTenancy or RegistryException: name "
            "the file with the changed one");
    }
    return problems.empty() ? Result<void>{} : fail(invalid_argument(join(problems, "\n")));
}

}  // namespace

int diff(DiffOptions const& options, Environment& env) {
    auto rules = load_rules(options.world, env);
    if (!rules) {
        return report_error(env, rules.error().message, ExitUsage);
    }
    World& before = rules->world;
    std::optional<WorkloadKinds> kinds;
    if (rules->connection) {
        auto found = workload_kinds(*rules->connection->client, before.settings().custom_kinds);
        if (!found) {
            return report_error(env, found.error().message + ": try again", ExitUsage);
        }
        kinds = *std::move(found);
        before.name_custom_kinds(kinds->custom);
    }
    World after = before;
    if (auto const changed = change(after, options, env); !changed) {
        return report_error(env, changed.error().message, ExitUsage);
    }
    bool const open = before.settings().unmanaged_namespaces == tenancy::UnmanagedNamespaces::Allow;
    auto namespaces = before.namespaces();
    namespaces.merge(after.namespaces());
    std::map<PolicyDiff, std::vector<std::string>> by_change;
    Impact impact;
    bool judged_all = true;
    for (std::string const& ns : namespaces) {
        auto change =
            diff_policies(before.view(ns).policy.get(), after.view(ns).policy.get(), open);
        if (change.empty()) {
            continue;
        }
        by_change[std::move(change)].push_back(ns);
        if (!kinds) {
            continue;
        }
        auto const added =
            add_impact(impact, *rules->connection->client, *kinds, ns, before, after);
        if (!added && judged_all) {
            report_warning(
                env, added.error().message + ": which workloads it hits cannot be told in full");
            judged_all = false;
        }
    }
    std::string out;
    for (auto const& [change, names] : by_change) {
        out += "in " + named(names) + ":\n";
        add_section(out, "", change.other);
        add_section(out, "newly denied: ", change.newly_denied);
        add_section(out, "newly allowed: ", change.newly_allowed);
    }
    add_workloads(out, "denied", impact.newly_denied);
    add_workloads(out, "allowed", impact.newly_allowed);
    print(env.out, by_change.empty() ? "nothing changes for any namespace\n" : out);
    return by_change.empty() ? ExitOk : ExitFailed;
}

}  // namespace rt::cli
