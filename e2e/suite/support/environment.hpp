#pragma once

#include <string>
#include <string_view>

namespace e2e {

/// Where the repository and the cluster's files are: RT_CLUSTER_DIR, by default build/cluster.
[[nodiscard]] std::string const& repository();
[[nodiscard]] std::string const& cluster_directory();

inline constexpr std::string_view product_namespace = "registry-tenancy-system";
inline constexpr std::string_view pull_secret_name = "registry-tenancy";
/// Who may write pull Secrets and grants; tests that play a careless admin borrow its name.
inline constexpr std::string_view operator_user =
    "system:serviceaccount:registry-tenancy-system:registry-tenancy-operator";

/// The shared registry of the reference case, by its two names, and what is in it.
inline constexpr std::string_view vpc_host = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";
inline constexpr std::string_view public_host = "shareacr-registry.cn-shanghai.cr.aliyuncs.com";
inline constexpr std::string_view allowed_image =
    "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/cainiao/a1:v0.1";
inline constexpr std::string_view foreign_image =
    "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/alipay/a1:v0.1";
inline constexpr std::string_view base_image =
    "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/base/jdk:17";

/// Six letters and digits, different in each process.
[[nodiscard]] std::string random_suffix();

}  // namespace e2e
