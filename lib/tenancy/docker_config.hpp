#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// user:password for a set of keys.
struct DockerConfigEntry {
    std::vector<std::string> keys;  ///< from docker_config_keys()
    std::string username;
    SecretString password;
};

/// The keys under which a credential stands: host/ns/ (with the slash: the kubelet compares plain
/// string prefixes), host/base/jdk (without: with it the kubelet never matches), host for "*";
/// bare hosts with KeyStyle::Host. Sorted, unique.
[[nodiscard]] std::vector<std::string> docker_config_keys(std::span<std::string const> hosts,
                                                          std::span<AllowEntry const> allow,
                                                          KeyStyle style);

/// {"auths":{KEY:{"auth":base64(user:password)}}}; keys sorted, so equal input gives equal bytes.
[[nodiscard]] SecretString render_docker_config(std::span<DockerConfigEntry const> entries);

/// Reads a .dockerconfigjson: every key with user and password. Errors never quote the content.
[[nodiscard]] Result<std::vector<DockerConfigEntry>> parse_docker_config(std::string_view text);

}  // namespace rt::tenancy
