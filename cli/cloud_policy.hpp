#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
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
    std::string role;
    std::string account;      ///< that the role is in
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
    std::string oidc_provider{};  ///< ARN of the provider that stands for the cluster
    std::string product_namespace{};
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
    /// Further steps as commands, for clouds without such documents.
    std::vector<std::string> commands{};
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

/// The documents as resources of the cloud's Terraform provider. Pure.
[[nodiscard]] std::string terraform_of(PolicySubject const& subject, CloudPolicies const& policies);

}  // namespace rt::cli
