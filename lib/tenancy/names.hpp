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

/// A role in a cloud: acs:ram::ACCOUNT:role/NAME or arn:PARTITION:iam::ACCOUNT:role[/PATH]/NAME.
class RoleArn {
  public:
    enum class Cloud { Alibaba, Aws };
    static Result<RoleArn> parse(std::string_view text);
    [[nodiscard]] std::string const& str() const { return text_; }
    [[nodiscard]] Cloud cloud() const { return cloud_; }
    [[nodiscard]] std::string const& partition() const {
        return partition_;
    }  ///< "acs", "aws", "aws-cn", ...
    [[nodiscard]] std::string const& account() const { return account_; }
    [[nodiscard]] std::string const& name() const { return name_; }  ///< with path
    auto operator<=>(RoleArn const&) const = default;

  private:
    std::string text_;
    Cloud cloud_ = Cloud::Alibaba;
    std::string partition_;
    std::string account_;
    std::string name_;
};

/// A role as an admin writes it: a RoleArn in which {namespace} and {cluster} stand for values that
/// are put in per namespace. Checked by expanding it with sample values.
class RoleTemplate {
  public:
    static Result<RoleTemplate> parse(std::string_view text);
    [[nodiscard]] std::string const& str() const { return text_; }
    [[nodiscard]] Result<RoleArn> expand(std::string_view ns, std::string_view cluster) const;
    auto operator<=>(RoleTemplate const&) const = default;

  private:
    std::string text_;
};

/// Replaces {namespace} and {cluster}.
[[nodiscard]] std::string expand_placeholders(std::string_view text, std::string_view ns,
                                              std::string_view cluster);

}  // namespace rt::tenancy
