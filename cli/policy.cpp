#include "cli/policy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/cloud_policy.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/session_policy.hpp"

namespace rt::cli {
namespace {

/// Keeps the order in which people write policies.
using OrderedJson = nlohmann::ordered_json;

struct Role {
    PolicySubject subject;
    CloudPolicies policies;
};

bool mentions_cluster(World const& world, std::string const& tenancy) {
    auto const found = world.tenancies().find(tenancy);
    if (found == world.tenancies().end()) {
        return false;
    }
    return std::any_of(
        found->second->registries.begin(), found->second->registries.end(),
        [](tenancy::TenancyRegistry const& one) {
            return one.external_id.find("{cluster}") != std::string::npos ||
                   (one.role && one.role->str().find("{cluster}") != std::string::npos);
        });
}

/// What {cluster} stands for.
Result<std::string> cluster_name(PolicyOptions const& options, LoadedRules const& rules) {
    if (!options.cluster_name.empty()) {
        return options.cluster_name;
    }
    if (std::string const& name = rules.world.settings().cluster_name; !name.empty()) {
        return name;
    }
    if (!mentions_cluster(rules.world, options.tenancy)) {
        return std::string("cluster");  // stands nowhere
    }
    if (!rules.connection) {
        return fail(invalid_argument(
            "the tenancy says {cluster}, and the files don't tell the cluster's name: give it "
            "with --cluster-name NAME (clusterName of the settings, else the UID of namespace "
            "kube-system)"));
    }
    auto const object =
        rules.connection->client->get(kube::types::namespaces, {"", "kube-system"}, {});
    if (!object) {
        return fail(invalid_argument(object.error().message +
                                     ": give the cluster's name with --cluster-name NAME"));
    }
    return kube::meta_of(*object).uid;
}

OrderedJson names(std::set<std::string> const& all) {
    return OrderedJson(all);
}

OrderedJson session_json(PolicySubject const& subject,
                         std::vector<tenancy::AllowEntry> const& allow,
                         std::set<std::string> const& namespaces) {
    OrderedJson out = {{"namespaces", names(namespaces)}};
    if (subject.registry->harbor) {
        out["permissions"] = harbor_pull_permissions(allow);
        return out;
    }
    auto role = tenancy::Role::parse(subject.role);
    auto const text = role ? tenancy::session_policy(*subject.registry, *std::move(role), allow)
                           : Result<std::string>(fail(role.error()));
    if (!text) {
        out["error"] = text.error().message;
    } else if (!text->empty()) {
        out["bytes"] = text->size();
        out["policy"] = OrderedJson::parse(*text);
    }
    return out;
}

OrderedJson sessions_json(PolicySubject const& subject) {
    OrderedJson out = OrderedJson::array();
    for (auto const& [allow, namespaces] : subject.sessions) {
        out.push_back(session_json(subject, allow, namespaces));
    }
    return out;
}

/// `printed`: commands that were printed for another role.
OrderedJson role_json(Role const& role, std::set<std::string>& printed) {
    PolicySubject const& subject = role.subject;
    OrderedJson out = {{"registry", subject.registry->meta.name},
                       {"type", tenancy::name_of(subject.registry->type)}};
    if (!subject.role.empty()) {
        out["role"] = subject.role;
    }
    out["tenancies"] = names(subject.tenancies);
    if (!role.policies.caller.empty()) {
        out["caller"] = role.policies.caller;
    }
    auto const put = [&](char const* key, std::string const& document) {
        if (!document.empty()) {
            out[key] = OrderedJson::parse(document);
        }
    };
    put("rolePolicy", role.policies.role_policy);
    put("trustPolicy", role.policies.trust_policy);
    put("callerPolicy", role.policies.caller_policy);
    put("callerTrustPolicy", role.policies.caller_trust);
    if (!role.policies.role_policy.empty()) {
        out["sessionPolicies"] = sessions_json(subject);
    }
    for (PolicyStep const& step : role.policies.steps) {
        if (printed.insert(step.command).second) {
            out["commands"].push_back(step.command);
        }
    }
    if (!role.policies.notes.empty()) {
        out["notes"] = role.policies.notes;
    }
    return out;
}

/// The one document that was asked for.
Result<OrderedJson> one_document(PolicyOptions const& options, std::vector<Role> const& roles) {
    if (roles.size() != 1) {
        std::vector<std::string> known;
        known.reserve(roles.size());
        for (Role const& role : roles) {
            known.push_back(role.subject.role.empty() ? "none" : role.subject.role);
        }
        return fail(invalid_argument(
            "--document prints one role's, and the tenancy has " + counted(roles.size(), "role") +
            (known.empty() ? "" : ": choose one with --role, of " + join(known, ", "))));
    }
    Role const& role = roles.front();
    if (options.document == "session") {
        OrderedJson const sessions = sessions_json(role.subject);
        if (sessions.size() != 1) {
            return fail(invalid_argument(
                "the role has " + counted(sessions.size(), "session policy", "session policies") +
                ": choose a namespace with -n"));
        }
        if (!sessions[0].contains("policy")) {
            return fail(invalid_argument(sessions[0].value("error", "there is none")));
        }
        return sessions[0]["policy"];
    }
    std::string const& found = options.document == "role"     ? role.policies.role_policy
                               : options.document == "trust"  ? role.policies.trust_policy
                               : options.document == "caller" ? role.policies.caller_policy
                                                              : role.policies.caller_trust;
    if (found.empty()) {
        return fail(invalid_argument(role.policies.notes.empty()
                                         ? "there is no such document"
                                         : join(role.policies.notes, "; ")));
    }
    return OrderedJson::parse(found);
}

}  // namespace

int print_policies(PolicyOptions const& options, Environment& env) {
    auto rules = load_rules(options.world, env);
    if (!rules) {
        return report_error(env, rules.error().message, ExitUsage);
    }
    auto const cluster = cluster_name(options, *rules);
    if (!cluster) {
        return report_error(env, cluster.error().message, ExitUsage);
    }
    std::vector<std::string> notes;
    auto subjects =
        policy_subjects(rules->world, options.tenancy, options.world.cluster.ns, *cluster, notes);
    if (!subjects) {
        return report_error(env, subjects.error().message, ExitUsage);
    }
    PolicyCaller const caller{options.caller, options.oidc_provider,
                              rules->world.settings().product_namespace};
    std::vector<Role> roles;
    for (PolicySubject& subject : *subjects) {
        if (options.role.empty() || options.role == subject.role) {
            CloudPolicies policies = cloud_policies(subject, caller);
            roles.push_back({std::move(subject), std::move(policies)});
        }
    }
    for (std::string const& note : notes) {
        report_warning(env, note);
    }
    if (roles.empty()) {
        report_warning(env, "RegistryTenancy " + printable(options.tenancy, 256) +
                                " assumes no role" +
                                (options.role.empty() ? "" : " " + printable(options.role, 256)) +
                                ": nothing to grant");
    }
    if (!options.document.empty()) {
        auto const document = one_document(options, roles);
        if (!document) {
            return report_error(env, document.error().message, ExitUsage);
        }
        print(env.out, document->dump(2) + '\n');
        return ExitOk;
    }
    if (options.format == "terraform") {
        std::string out;
        std::set<std::string> made;
        for (Role const& role : roles) {
            out += (out.empty() ? "" : "\n") + terraform_of(role.subject, role.policies, made);
        }
        print(env.out, out);
        return ExitOk;
    }
    OrderedJson all = {{"tenancy", options.tenancy}, {"roles", OrderedJson::array()}};
    std::set<std::string> printed;
    for (Role const& role : roles) {
        all["roles"].push_back(role_json(role, printed));
    }
    print(env.out, all.dump(2) + '\n');
    return ExitOk;
}

}  // namespace rt::cli
