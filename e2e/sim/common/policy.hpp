#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// Whose rules hold: by the ARN, acs:... or arn:...
enum class Cloud { Alibaba, Amazon };
Cloud cloud_of(std::string_view arn);

/// What one policy says about one request. An explicit Deny beats every Allow.
enum class Verdict { Allowed, ImplicitDeny, ExplicitDeny };

/// A permission policy: {"Version":"1","Statement":[{Effect,Action,Resource}]} for RAM, with the
/// version 2012-10-17 and optional Sids for IAM. Sources: RAM documentation, "Policy structure and
/// syntax"; IAM documentation, "JSON policy elements". Conditions, NotAction and NotResource
/// are refused rather than misread: nothing here needs them.
class Policy {
  public:
    /// On failure the text of what is wrong is put into `problem`.
    static std::optional<Policy> parse(std::string_view json, std::string& problem,
                                       Cloud cloud = Cloud::Alibaba);

    [[nodiscard]] Verdict evaluate(std::string_view action, std::string_view resource) const;
    /// As if the other one were attached to the same role, too.
    void attach(Policy const& other) {
        statements_.insert(statements_.end(), other.statements_.begin(), other.statements_.end());
    }

  private:
    struct Statement {
        bool allow = false;
        std::vector<std::string> actions;
        std::vector<std::string> resources;
    };
    std::vector<Statement> statements_;
};

/// A RAM role's trust policy: who may assume it, with which sts:ExternalId, and with whose tokens
/// (Federated; conditions oidc:iss, oidc:sub and oidc:aud). All conditions of a statement must
/// hold.
class TrustPolicy {
  public:
    static std::optional<TrustPolicy> parse(std::string_view json, std::string& problem);

    /// `principal` is the caller's role or user ARN; `external_id` is empty where none was sent.
    [[nodiscard]] bool trusts(std::string_view principal, std::string_view external_id) const;
    /// `provider` is the ARN of the OIDC provider, `context` has oidc:iss, oidc:sub and oidc:aud.
    [[nodiscard]] bool trusts_token(std::string_view provider,
                                    std::map<std::string, std::string> const& context) const;

  private:
    struct Condition {
        std::string key;
        std::vector<std::string> values;
        bool wildcards = false;  ///< StringLike instead of StringEquals
    };
    struct Statement {
        bool allow = false;
        std::vector<std::string> principals;
        std::vector<std::string> federated;
        std::vector<Condition> conditions;

        [[nodiscard]] bool holds(std::map<std::string, std::string> const& context) const;
    };
    template <typename Named>
    [[nodiscard]] bool trusts_named(Named named,
                                    std::map<std::string, std::string> const& context) const;
    std::vector<Statement> statements_;
};

/// The account number inside an ARN such as acs:ram::1234:role/x or arn:aws:iam::1234:role/x; empty
/// when there is none.
std::string account_of(std::string_view arn);

}  // namespace sim
