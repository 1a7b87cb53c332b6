#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// What a role's trust policy is asked.
struct TrustQuestion {
    std::string action;     ///< sts:AssumeRole, sts:AssumeRoleWithWebIdentity or sts:TagSession
    std::string principal;  ///< ARN of the role or user, or of the OIDC provider
    bool federated = false;
    /// Condition keys and their values: sts:ExternalId, ISSUER:sub, aws:RequestTag/NAME.
    std::map<std::string, std::string> context;
    bool service = false;  ///< `principal` is a service's name
};

/// A trust policy of AWS IAM: principals AWS, Federated and Service; conditions StringEquals and
/// StringLike, which must all hold. Source: IAM documentation, "JSON policy elements". Whatever
/// else the grammar has is refused rather than misread.
class IamTrust {
  public:
    static std::optional<IamTrust> parse(std::string_view json, std::string& problem);

    [[nodiscard]] bool allows(TrustQuestion const& question) const;
    /// Whether a statement that allows names this very principal, not only its account. Within one
    /// account no further right is then needed.
    [[nodiscard]] bool names(std::string_view principal) const;

  private:
    struct Condition {
        std::string key;
        std::vector<std::string> values;
        bool wildcards = false;
    };
    struct Statement {
        bool allow = false;
        std::vector<std::string> actions;
        std::vector<std::string> accounts_and_arns;
        std::vector<std::string> federated;
        std::vector<std::string> services;
        std::vector<Condition> conditions;

        [[nodiscard]] bool meets(TrustQuestion const& question) const;
    };
    std::vector<Statement> statements_;
};

}  // namespace sim
