// Clouds whose rights are given by commands, not by documents.
#include <set>

#include "cli/cloud_policy.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

/// The first `count` segments of each allowed path; a shorter one as it is.
std::set<std::string> prefixes(PolicySubject const& subject, std::size_t count) {
    std::set<std::string> result;
    for (tenancy::AllowEntry const& entry : subject.allow) {
        std::string prefix;
        std::size_t taken = 0;
        for (std::string_view const part : split(entry.path, '/')) {
            if (taken++ == count) {
                break;
            }
            prefix += (prefix.empty() ? "" : "/") + std::string(part);
        }
        result.insert(prefix);
    }
    return result;
}

}  // namespace

CloudPolicies google_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    auto const& spec = *subject.registry->google_artifact_registry;
    CloudPolicies policies;
    policies.caller = caller.arn;
    for (std::string const& prefix : prefixes(subject, 2)) {
        std::size_t const slash = prefix.find('/');
        if (slash == std::string::npos) {
            policies.notes.push_back(
                "allow \"" + (prefix.empty() ? "*" : prefix) +
                "\" is more than one Artifact Registry repository: rights on a "
                "whole project are wider than a tenancy should be");
            continue;
        }
        policies.commands.push_back(
            "gcloud artifacts repositories add-iam-policy-binding " + prefix.substr(slash + 1) +
            " --project=" + prefix.substr(0, slash) + " --location=" + spec.location +
            " --member=serviceAccount:" + subject.role + " --role=roles/artifactregistry.reader");
    }
    if (caller.arn.empty()) {
        policies.notes.emplace_back(
            "who may act as the service account needs the operator's own identity: give it with "
            "--caller, as Google writes members (serviceAccount:EMAIL or principal://...)");
    } else {
        policies.commands.push_back("gcloud iam service-accounts add-iam-policy-binding " +
                                    subject.role + " --member=" + caller.arn +
                                    " --role=roles/iam.serviceAccountTokenCreator");
    }
    return policies;
}

CloudPolicies azure_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    CloudPolicies policies;
    std::string const host = subject.registry->hosts.front().str();
    policies.commands.push_back("az role assignment create --assignee " + subject.role +
                                " --role AcrPull --scope \"$(az acr show --name " +
                                host.substr(0, host.find('.')) + " --query id -o tsv)\"");
    auto const& identity = subject.registry->azure_acr->identity;
    if (identity.type == tenancy::Identity::Type::OIDC) {
        policies.commands.push_back(
            "az ad app federated-credential create --id " + subject.role +
            " --parameters '{\"name\":\"registry-tenancy\",\"issuer\":\"" +
            (caller.oidc_provider.empty() ? "ISSUER" : caller.oidc_provider) +
            "\",\"subject\":\"system:serviceaccount:" + caller.product_namespace +
            ":registry-tenancy-operator\",\"audiences\":[\"api://AzureADTokenExchange\"]}'");
        if (caller.oidc_provider.empty()) {
            policies.notes.emplace_back(
                "ISSUER stands for the cluster's OIDC issuer URL: give it with --oidc-provider");
        }
    }
    policies.notes.emplace_back(
        "AcrPull is a right on the whole registry: what a tenancy allows of it is narrowed by "
        "admission and by the keys of the pull Secret alone, unless the registry has repository "
        "permissions (ABAC)");
    return policies;
}

}  // namespace rt::cli
