#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/world.hpp"
#include "lib/base/result.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::cli {

// What `kubectl tenancy policy` prints, by cloud. A new type of Registry gets a function beside
// alibaba_policies() and amazon_policies() and a line in cloud_policies().

/// One role of one Registry, with everything that is pulled through it.
struct PolicySubject {
    std::shared_ptr<tenancy::Registry const> registry;
    std::string role{};       ///< empty: none is assumed, who the operator is pulls itself
    std::string account{};    ///< that the role is in
    std::string role_name{};  ///< without account and path
    std::set<std::string> external_ids{};
    std::set<std::string> tenancies{};
    std::set<tenancy::AllowEntry> allow{};
    /// What one session may pull, and the namespaces that get such a one.
    std::map<std::vector<tenancy::AllowEntry>, std::set<std::string>> sessions{};
};

/// What the command line says about the operator, because no object does.
struct PolicyCaller {
    std::string arn{};            ///< who the operator is before it assumes roles
    std::string oidc_provider{};  ///< Amazon: ARN of the provider that stands for the cluster;
                                  ///< Google, Azure: the cluster's issuer
    std::string product_namespace{};
};

/// One right given: a line for a shell, and the same as Terraform's blocks.
struct PolicyStep {
    std::string command;
    std::vector<std::string> blocks;
};

/// The documents for one role, as JSON in the order in which people write policies. One that can't
/// be written is empty, and a note says why.
struct CloudPolicies {
    std::string role_policy{};    ///< what the role may
    std::string trust_policy{};   ///< who may assume it
    std::string caller_policy{};  ///< what the operator's own identity must be allowed
    std::string caller_trust{};   ///< who may be the operator's own identity; identity OIDC
    std::string caller{};         ///< that identity, where it is known
    std::vector<std::string> notes{};
    /// What is done by commands, not documents.
    std::vector<PolicyStep> steps{};
};

/// Every role that the tenancy names, over the namespaces that are known (of `ns` alone where it is
/// not empty). A role that others use, too, gets what they need as well: the policy is to be
/// applied as it is. Notes tell what could not be covered.
[[nodiscard]] Result<std::vector<PolicySubject>> policy_subjects(World& world,
                                                                 std::string const& tenancy,
                                                                 std::string const& ns,
                                                                 std::string const& cluster,
                                                                 std::vector<std::string>& notes);

/// By the type of the Registry. Pure.
[[nodiscard]] CloudPolicies cloud_policies(PolicySubject const& subject,
                                           PolicyCaller const& caller);
[[nodiscard]] CloudPolicies alibaba_policies(PolicySubject const& subject,
                                             PolicyCaller const& caller);
[[nodiscard]] CloudPolicies amazon_policies(PolicySubject const& subject,
                                            PolicyCaller const& caller);

[[nodiscard]] CloudPolicies google_policies(PolicySubject const& subject,
                                            PolicyCaller const& caller);
[[nodiscard]] CloudPolicies azure_policies(PolicySubject const& subject,
                                           PolicyCaller const& caller);
[[nodiscard]] CloudPolicies harbor_policies(PolicySubject const& subject);

/// What a Harbor's robot needs to pull `allow`, as its API writes permissions: whole projects.
[[nodiscard]] nlohmann::ordered_json harbor_pull_permissions(
    std::vector<tenancy::AllowEntry> const& allow);

/// Whom the operator's own token stands for, and that of a namespace with identity ServiceAccount;
/// the latter for each namespace of a subject.
[[nodiscard]] std::string operator_subject(PolicyCaller const& caller);
[[nodiscard]] std::string namespace_subject(std::string const& ns, PolicyCaller const& caller);
[[nodiscard]] std::vector<std::string> namespace_subjects(PolicySubject const& subject,
                                                          PolicyCaller const& caller);
/// Why the rights of namespaces' tokens are left out.
void note_namespaces(CloudPolicies& policies);

/// The same as resources of the cloud's Terraform provider. `made` holds what was printed before:
/// a role that two Registries share is made once. Pure.
[[nodiscard]] std::string terraform_of(PolicySubject const& subject, CloudPolicies const& policies,
                                       std::set<std::string>& made);
/// A text as the name of a resource, and as a string of HCL.
[[nodiscard]] std::string hcl_name(std::string text);
[[nodiscard]] std::string hcl_string(std::string_view text);

}  // namespace rt::cli
