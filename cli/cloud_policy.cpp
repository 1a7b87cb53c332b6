#include "cli/cloud_policy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/text.hpp"
#include "lib/registry/pull_facts.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "lib/tenancy/registry_blocks.hpp"
#include "lib/tenancy/session_policy.hpp"

namespace rt::cli {
namespace {

/// Keeps the order in which people write policies.
using OrderedJson = nlohmann::ordered_json;
using tenancy::RegistryTenancy;
using SubjectKey = std::pair<std::string, std::string>;  // Registry, role

std::string text(OrderedJson const& document) {
    return document.dump(2);
}

OrderedJson texts(std::set<std::string> const& values) {
    return values.size() == 1 ? OrderedJson(*values.begin()) : OrderedJson(values);
}

OrderedJson allow(OrderedJson action, OrderedJson resource) {
    return {{"Effect", "Allow"}, {"Action", std::move(action)}, {"Resource", std::move(resource)}};
}

/// Log in, and pull what is allowed.
OrderedJson pull_statements(PolicySubject const& subject, std::string const& login_action) {
    std::vector<tenancy::AllowEntry> const all(subject.allow.begin(), subject.allow.end());
    std::set<std::string> resources;
    std::vector<std::string> actions;
    for (tenancy::AllowEntry const& entry : tenancy::without_covered(all)) {
        registry::Permission permission =
            registry::pull_permission(*subject.registry, subject.account, entry);
        actions = std::move(permission.actions);
        resources.insert(std::move(permission.resource));
    }
    return OrderedJson::array(
        {allow(login_action, "*"),
         allow(actions.size() == 1 ? OrderedJson(actions.front()) : OrderedJson(actions),
               resources)});
}

void note_external_id(PolicySubject const& subject, CloudPolicies& policies) {
    if (subject.external_ids.empty()) {
        policies.notes.emplace_back(
            "no externalID: whoever else may act as the operator's identity, another cluster on "
            "the same node role for example, can assume the role; set externalID: \"{cluster}\"");
    }
}

void note_missing_caller(CloudPolicies& policies) {
    policies.notes.emplace_back(
        "the trust policy needs the operator's own identity, which no object names: give it with "
        "--caller ARN (the node's role, the role of EKS' association, or the user of the "
        "AccessKey)");
}

/// Trusts tokens of an OIDC provider.
OrderedJson federated(std::string const& version, std::string const& action, OrderedJson provider,
                      OrderedJson conditions) {
    OrderedJson statement = {{"Effect", "Allow"},
                             {"Action", action},
                             {"Principal", {{"Federated", std::move(provider)}}},
                             {"Condition", {{"StringEquals", std::move(conditions)}}}};
    return {{"Version", version}, {"Statement", OrderedJson::array({std::move(statement)})}};
}

OrderedJson alibaba_federated(std::string const& provider, OrderedJson subjects) {
    return federated("1", "sts:AssumeRole", OrderedJson::array({provider}),
                     {{"oidc:aud", OrderedJson::array({"sts.aliyuncs.com"})},
                      {"oidc:sub", std::move(subjects)}});
}

/// `provider`: arn:aws:iam::ACCOUNT:oidc-provider/ISSUER.
OrderedJson amazon_federated(std::string const& provider, OrderedJson subjects) {
    std::string const prefix = provider.substr(provider.find('/') + 1) + ':';
    return federated(
        "2012-10-17", "sts:AssumeRoleWithWebIdentity", provider,
        {{prefix + "sub", std::move(subjects)}, {prefix + "aud", "sts.amazonaws.com"}});
}

void note_provider(CloudPolicies& policies, std::string const& whose) {
    policies.notes.push_back("the trust policy of " + whose +
                             " needs the cluster's OIDC provider: give it with --oidc-provider "
                             "arn:aws:iam::ACCOUNT:oidc-provider/ISSUER");
}

void note_size(CloudPolicies& policies, std::size_t limit, std::string const& what) {
    if (std::size_t const size = OrderedJson::parse(policies.role_policy).dump().size();
        size > limit) {
        policies.notes.push_back("the role's policy has " + std::to_string(size) + " bytes, but " +
                                 what + " takes " + std::to_string(limit) +
                                 ": allow registry namespaces instead of single repositories");
    }
}

std::vector<std::shared_ptr<RegistryTenancy const>> baselines_of(World& world) {
    std::vector<std::shared_ptr<RegistryTenancy const>> result;
    for (auto const& [name, one] : world.tenancies()) {
        if (one->baseline) {
            result.push_back(one);
        }
    }
    return result;
}

bool concerns(tenancy::CredentialSpec const& spec, std::string const& tenancy) {
    return std::find(spec.tenancies.begin(), spec.tenancies.end(), tenancy) != spec.tenancies.end();
}

/// The credentials of one namespace.
struct Needed {
    std::string ns;
    tenancy::Credentials credentials;
};

std::vector<Needed> all_needed(World& world, RegistryTenancy const& tenancy, std::string const& ns,
                               std::string const& cluster) {
    std::set<std::string> names = world.namespaces();
    names.insert(tenancy.namespaces.begin(), tenancy.namespaces.end());
    std::vector<Needed> needed;
    for (std::string const& name : names) {
        NamespaceView const& view = world.view(name);
        if (view.policy && (ns.empty() || ns == name)) {
            needed.push_back(
                {name, tenancy::credentials_of(*view.policy, world.catalog(), name, cluster)});
        }
    }
    return needed;
}

/// Where no namespace of it is known: the tenancy by itself.
Needed needed_alone(World& world, std::shared_ptr<RegistryTenancy const> const& tenancy,
                    std::string const& ns, std::string const& cluster) {
    auto const policy =
        tenancy->baseline
            ? tenancy::NamespacePolicy::compile({}, {tenancy}, world.catalog())
            : tenancy::NamespacePolicy::compile({tenancy}, baselines_of(world), world.catalog());
    return {ns, tenancy::credentials_of(policy, world.catalog(), ns, cluster)};
}

void take(PolicySubject& subject, tenancy::CredentialSpec const& spec, std::string const& ns) {
    subject.registry = spec.registry;
    if (spec.role) {
        subject.role = spec.role->str();
        subject.account = spec.role->account();
        subject.role_name = spec.role->name().substr(spec.role->name().rfind('/') + 1);
    }
    if (!spec.external_id.empty()) {
        subject.external_ids.insert(spec.external_id);
    }
    subject.tenancies.insert(spec.tenancies.begin(), spec.tenancies.end());
    subject.allow.insert(spec.allow.begin(), spec.allow.end());
    auto& namespaces = subject.sessions[spec.allow];
    if (!ns.empty()) {
        namespaces.insert(ns);
    }
}

/// Registry and role of a credential that something must be granted for; nullopt: nothing.
std::optional<SubjectKey> key_of(tenancy::CredentialSpec const& spec) {
    tenancy::Registry const& registry = *spec.registry;
    bool const pulls_itself =
        registry.harbor || registry.azure_acr || registry.google_artifact_registry;
    if (!spec.role && !pulls_itself) {
        return std::nullopt;
    }
    return SubjectKey{registry.meta.name, spec.role ? spec.role->str() : ""};
}

}  // namespace

std::string operator_subject(PolicyCaller const& caller) {
    return "system:serviceaccount:" + caller.product_namespace + ":registry-tenancy-operator";
}

std::string namespace_subject(std::string const& ns, PolicyCaller const& caller) {
    return "system:serviceaccount:" + caller.product_namespace + ':' +
           std::string(tenancy::service_account_prefix) + ns;
}

std::vector<std::string> namespace_subjects(PolicySubject const& subject,
                                            PolicyCaller const& caller) {
    std::vector<std::string> subjects;
    for (auto const& [allow, namespaces] : subject.sessions) {
        for (std::string const& ns : namespaces) {
            subjects.push_back(namespace_subject(ns, caller));
        }
    }
    return subjects;
}

void note_namespaces(CloudPolicies& policies) {
    policies.notes.emplace_back(
        "the token of each namespace is trusted by name, and no namespace is known: name one with "
        "-n, or give Namespaces, too");
}

Result<std::vector<PolicySubject>> policy_subjects(World& world, std::string const& tenancy,
                                                   std::string const& ns,
                                                   std::string const& cluster,
                                                   std::vector<std::string>& notes) {
    auto const found = world.tenancies().find(tenancy);
    if (found == world.tenancies().end()) {
        return fail(
            invalid_argument("there is no RegistryTenancy " + printable(tenancy, 256) +
                             " that can be read: kubectl get registrytenancies lists them"));
    }
    std::shared_ptr<RegistryTenancy const> const wanted = found->second;
    std::vector<Needed> needed = all_needed(world, *wanted, ns, cluster);
    auto const uses = [&](Needed const& one) {
        return std::any_of(one.credentials.specs.begin(), one.credentials.specs.end(),
                           [&](auto const& spec) { return concerns(spec, tenancy); });
    };
    if (std::none_of(needed.begin(), needed.end(), uses)) {
        bool const per_namespace =
            std::any_of(wanted->registries.begin(), wanted->registries.end(), [](auto const& one) {
                return (one.role && one.role->str().find("{namespace}") != std::string::npos) ||
                       one.external_id.find("{namespace}") != std::string::npos;
            });
        if (per_namespace && ns.empty()) {
            return fail(invalid_argument(
                "role or externalID holds {namespace}, and no namespace of the tenancy is known: "
                "name one with -n"));
        }
        needed.push_back(needed_alone(world, wanted, ns, cluster));
    }
    std::map<SubjectKey, PolicySubject> subjects;
    for (Needed const& one : needed) {
        for (auto const& spec : one.credentials.specs) {
            if (auto const key = key_of(spec); key && concerns(spec, tenancy)) {
                subjects.try_emplace(*key);
            }
        }
        for (auto const& problem : one.credentials.problems) {
            if (problem.tenancy == tenancy) {
                notes.push_back((one.ns.empty() ? "" : "namespace " + one.ns + ": ") +
                                problem.message);
            }
        }
    }
    for (Needed const& one : needed) {
        for (auto const& spec : one.credentials.specs) {
            auto const key = key_of(spec);
            auto const subject = key ? subjects.find(*key) : subjects.end();
            if (subject != subjects.end()) {
                take(subject->second, spec, one.ns);
            }
        }
    }
    std::vector<PolicySubject> result;
    result.reserve(subjects.size());
    for (auto& [key, subject] : subjects) {
        result.push_back(std::move(subject));
    }
    return result;
}

CloudPolicies alibaba_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    CloudPolicies policies;
    policies.role_policy = text(
        {{"Version", "1"}, {"Statement", pull_statements(subject, "cr:GetAuthorizationToken")}});
    note_size(policies, 6144, "RAM");
    policies.caller = caller.arn;
    tenancy::Identity const& identity = subject.registry->alibaba_acr->identity;
    if (identity.type == tenancy::Identity::Type::OIDC) {
        policies.caller = identity.oidc_role;
        policies.caller_trust = text(
            alibaba_federated(identity.provider, OrderedJson::array({operator_subject(caller)})));
    }
    if (identity.type == tenancy::Identity::Type::ServiceAccount) {
        if (auto subjects = namespace_subjects(subject, caller); !subjects.empty()) {
            policies.trust_policy = text(alibaba_federated(identity.provider, subjects));
        } else {
            note_namespaces(policies);
        }
        return policies;
    }
    if (policies.caller.empty()) {
        note_missing_caller(policies);
    } else {
        OrderedJson statement = {{"Effect", "Allow"},
                                 {"Action", "sts:AssumeRole"},
                                 {"Principal", {{"RAM", {policies.caller}}}}};
        if (!subject.external_ids.empty()) {
            statement["Condition"] = {
                {"StringEquals", {{"sts:ExternalId", OrderedJson(subject.external_ids)}}}};
        }
        policies.trust_policy =
            text({{"Version", "1"}, {"Statement", OrderedJson::array({std::move(statement)})}});
    }
    policies.caller_policy =
        text({{"Version", "1"},
              {"Statement", OrderedJson::array({allow("sts:AssumeRole", subject.role)})}});
    note_external_id(subject, policies);
    return policies;
}

/// Of a role that EKS Pod Identity gives to Pods.
OrderedJson eks_trust(OrderedJson const& actions) {
    OrderedJson statement = {{"Effect", "Allow"},
                             {"Action", actions},
                             {"Principal", {{"Service", "pods.eks.amazonaws.com"}}}};
    return {{"Version", "2012-10-17"}, {"Statement", OrderedJson::array({std::move(statement)})}};
}

CloudPolicies amazon_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    tenancy::AmazonEcrSpec const& ecr = *subject.registry->amazon_ecr;
    CloudPolicies policies;
    policies.role_policy =
        text({{"Version", "2012-10-17"},
              {"Statement", pull_statements(subject, "ecr:GetAuthorizationToken")}});
    note_size(policies, 10240, "IAM (inline policies of a role)");
    bool const by_agent = tenancy::pod_identity(ecr);
    bool const by_token = ecr.identity.type == tenancy::Identity::Type::OIDC && !by_agent;
    policies.caller = by_token ? ecr.identity.oidc_role : caller.arn;
    bool const known_provider = caller.oidc_provider.find(":oidc-provider/") != std::string::npos;
    if (ecr.identity.type == tenancy::Identity::Type::ServiceAccount) {
        auto const subjects = namespace_subjects(subject, caller);
        if (!known_provider) {
            note_provider(policies, "the role");
        } else if (subjects.empty()) {
            note_namespaces(policies);
        } else {
            policies.trust_policy = text(amazon_federated(caller.oidc_provider, subjects));
        }
        return policies;
    }
    // The tags that EKS gives its sessions go on to every session after them.
    OrderedJson const actions = ecr.session_tags || by_agent
                                    ? OrderedJson({"sts:AssumeRole", "sts:TagSession"})
                                    : OrderedJson("sts:AssumeRole");
    if (policies.caller.empty()) {
        note_missing_caller(policies);
    } else {
        OrderedJson statement = {
            {"Effect", "Allow"}, {"Action", actions}, {"Principal", {{"AWS", policies.caller}}}};
        if (!subject.external_ids.empty()) {
            statement["Condition"] = {
                {"StringEquals", {{"sts:ExternalId", texts(subject.external_ids)}}}};
        }
        policies.trust_policy = text(
            {{"Version", "2012-10-17"}, {"Statement", OrderedJson::array({std::move(statement)})}});
    }
    policies.caller_policy =
        text({{"Version", "2012-10-17"},
              {"Statement", OrderedJson::array({allow(actions, subject.role)})}});
    if (by_agent) {
        policies.caller_trust = text(eks_trust(actions));
    } else if (by_token && known_provider) {
        policies.caller_trust =
            text(amazon_federated(caller.oidc_provider, operator_subject(caller)));
    } else if (by_token) {
        note_provider(policies, "the operator's own role");
    }
    note_external_id(subject, policies);
    return policies;
}

CloudPolicies cloud_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    if (subject.registry->alibaba_acr) {
        return alibaba_policies(subject, caller);
    }
    if (subject.registry->amazon_ecr) {
        return amazon_policies(subject, caller);
    }
    if (subject.registry->google_artifact_registry) {
        return google_policies(subject, caller);
    }
    if (subject.registry->azure_acr) {
        return azure_policies(subject, caller);
    }
    if (subject.registry->harbor) {
        return harbor_policies(subject);
    }
    CloudPolicies policies;
    policies.notes.push_back(
        "for Registries of type " + std::string(tenancy::name_of(subject.registry->type)) +
        " no policies can be printed yet: see docs/ for the rights that its role needs");
    return policies;
}

}  // namespace rt::cli
