#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace rt::tenancy {

/// host[:port] of a registry, lower case, compared byte for byte.
class RegistryHost {
  public:
    static Result<RegistryHost> parse(std::string_view text);
    [[nodiscard]] std::string const& str() const { return text_; }
    auto operator<=>(RegistryHost const&) const = default;

  private:
    std::string text_;
};

/// One or more repository path components ("cainiao", "base/jdk"), no leading or trailing slash.
class RepositoryPath {
  public:
    static Result<RepositoryPath> parse(std::string_view text);
    [[nodiscard]] std::string const& str() const { return text_; }
    auto operator<=>(RepositoryPath const&) const = default;

  private:
    std::string text_;
};

/// Whom a credential is minted as, in the grammar of its cloud:
/// - Alibaba Cloud: acs:ram::ACCOUNT:role/NAME;
/// - AWS: arn:PARTITION:iam::ACCOUNT:role[/PATH]/NAME;
/// - Google Cloud: the email of a service account, NAME@PROJECT.iam.gserviceaccount.com;
/// - Azure: the client ID (a GUID in lower case) of an application or managed identity.
class Role {
  public:
    enum class Cloud { Alibaba, Aws, Google, Azure };
    static Result<Role> parse(std::string_view text);
    [[nodiscard]] std::string const& str() const { return text_; }
    [[nodiscard]] Cloud cloud() const { return cloud_; }
    /// "acs", "aws", "aws-cn", ..., "google", "azure"
    [[nodiscard]] std::string const& partition() const { return partition_; }
    /// Google: the project, or the domain of an account that Google made itself; Azure: empty,
    /// because only the Registry knows the tenant.
    [[nodiscard]] std::string const& account() const { return account_; }
    [[nodiscard]] std::string const& name() const { return name_; }  ///< with path
    auto operator<=>(Role const&) const = default;

  private:
    static Result<Role> parse_alibaba(std::string_view text);
    static Result<Role> parse_aws(std::string_view text);

    std::string text_;
    Cloud cloud_ = Cloud::Alibaba;
    std::string partition_;
    std::string account_;
    std::string name_;
};

/// NAME@PROJECT.iam.gserviceaccount.com, or an account that Google made itself (NUMBER-compute@
/// developer.gserviceaccount.com).
[[nodiscard]] bool is_google_service_account(std::string_view text);
/// 8-4-4-4-12 hexadecimal digits in lower case.
[[nodiscard]] bool is_guid(std::string_view text);

/// A Role as an admin writes it: {namespace} and {cluster} stand for values that are put in per
/// namespace. Checked by expanding it with sample values.
class RoleTemplate {
  public:
    static Result<RoleTemplate> parse(std::string_view text);
    [[nodiscard]] std::string const& str() const { return text_; }
    [[nodiscard]] Result<Role> expand(std::string_view ns, std::string_view cluster) const;
    auto operator<=>(RoleTemplate const&) const = default;

  private:
    std::string text_;
};

/// Replaces {namespace} and {cluster}.
[[nodiscard]] std::string expand_placeholders(std::string_view text, std::string_view ns,
                                              std::string_view cluster);

}  // namespace rt::tenancy
