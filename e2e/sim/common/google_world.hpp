#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// An allow policy: roles and who has them. Source: IAM documentation, "Policies", "Principal
/// identifiers". The roles are those that matter for pulling; others are refused rather than
/// misread.
class GooglePolicy {
  public:
    /// Throws std::runtime_error for a role that is not known.
    void add(std::string const& role, std::vector<std::string> members);
    /// `principal`: serviceAccount:EMAIL, principal://iam.googleapis.com/..., or empty for nobody.
    [[nodiscard]] bool allows(std::string_view principal, std::string_view permission) const;

  private:
    struct Binding {
        std::string role;
        std::vector<std::string> members;
    };
    std::vector<Binding> bindings_;
};

/// A provider's attribute condition, in the part of CEL that is needed here: assertion.sub ==
/// 'TEXT' and assertion.sub.startsWith('TEXT'), joined by " || ". No condition holds always.
class AttributeCondition {
  public:
    AttributeCondition() = default;
    /// Throws std::runtime_error where it is anything else.
    explicit AttributeCondition(std::string const& expression);
    [[nodiscard]] bool holds(std::string_view subject) const;

  private:
    struct Term {
        std::string text;
        bool whole = false;
    };
    std::vector<Term> terms_;
};

/// A provider of a workload identity pool; its mapping is google.subject=assertion.sub.
struct GoogleProvider {
    std::string name;    ///< //iam.googleapis.com/projects/N/.../providers/P
    std::string issuer;  ///< of the tokens that it takes
    std::vector<std::string>
        audiences;  ///< allowed; empty: the provider's own name, with https: or not
    AttributeCondition condition;

    /// principal://.../workloadIdentityPools/POOL/subject/SUBJECT
    [[nodiscard]] std::string principal_of(std::string const& subject) const;
    [[nodiscard]] bool takes_audience(std::string const& audience) const;
};

struct GoogleServiceAccount {
    std::string email;
    GooglePolicy policy;
    long token_seconds_at_most = 3600;  ///< 43200 where an organisation policy extends it
    long token_seconds_override = 0;    ///< 0: as asked for
};

/// A repository of Artifact Registry.
struct GoogleRepository {
    std::string name;  ///< projects/P/locations/L/repositories/R
    GooglePolicy policy;
};

/// What the metadata service of the (one) node says.
struct GoogleNode {
    std::string email;
    std::vector<std::string> scopes;
    long token_seconds = 3599;
};

/// Everything that exists at Google.
struct GoogleWorld {
    GoogleNode node;
    std::vector<GoogleProvider> providers;
    std::vector<GoogleServiceAccount> service_accounts;
    std::vector<GoogleRepository> repositories;

    [[nodiscard]] GoogleProvider const* find_provider(std::string_view name) const;
    [[nodiscard]] GoogleServiceAccount const* find_service_account(std::string_view email) const;
    [[nodiscard]] GoogleRepository const* find_repository(std::string_view name) const;
};

}  // namespace sim
