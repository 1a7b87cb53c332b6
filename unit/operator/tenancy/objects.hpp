#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/json.hpp"

namespace rt::op::test {

inline constexpr char vpc_host[] = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";
inline constexpr char public_host[] = "shareacr-registry.cn-shanghai.cr.aliyuncs.com";
inline constexpr char role[] = "acs:ram::1146716667364888:role/acr-cainiao";

/// The reference case's Registry `shared-acr`.
[[nodiscard]] Json shared_acr();
/// A second ACR instance with one host.
[[nodiscard]] Json other_acr();
[[nodiscard]] std::string other_host();

/// RegistryTenancy `name`: `namespaces` by name, `allow` as registry namespaces of shared-acr.
[[nodiscard]] Json tenancy(std::string const& name, std::vector<std::string> const& namespaces,
                           std::vector<std::string> const& allow);
/// One entry of spec.registries.
[[nodiscard]] Json entry(std::string const& registry, std::vector<std::string> const& allow);
[[nodiscard]] Json namespace_object(std::string const& name, Json const& labels = Json::object());

}  // namespace rt::op::test
