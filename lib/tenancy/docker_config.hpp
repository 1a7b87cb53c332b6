#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// A pull Secret beyond this is refused at the tenancy, with the figures: etcd takes 1.5 MiB per
/// object, and every kubelet that runs a Pod of the namespace holds and watches it.
inline constexpr std::size_t docker_config_bytes_max = std::size_t{256} * 1024;

/// user:password for a set of keys.
struct DockerConfigEntry {
    std::vector<std::string> keys;  ///< from docker_config_keys()
    std::string username;
    SecretString password;
};

/// The keys under which a credential stands: host/ns/ (with the slash: the kubelet compares plain
/// string prefixes), host/base/jdk (without: with it the kubelet never matches), host for "*";
/// bare hosts with KeyStyle::Host. A path that begins with "v1" or "v2" has that segment twice,
/// because the kubelet drops a leading /v1 or /v2 from a key and would else offer the credential
/// too widely or never. Sorted, unique.
[[nodiscard]] std::vector<std::string> docker_config_keys(std::span<std::string const> hosts,
                                                          std::span<AllowEntry const> allow,
                                                          KeyStyle style);

/// {"auths":{KEY:{"auth":base64(user:password)}}}; keys sorted, so equal input gives equal bytes.
/// Where two entries have the same key, the first one counts.
[[nodiscard]] SecretString render_docker_config(std::span<DockerConfigEntry const> entries);

/// Reads a .dockerconfigjson: every key with user and password. Errors never quote the content.
[[nodiscard]] Result<std::vector<DockerConfigEntry>> parse_docker_config(std::string_view text);

}  // namespace rt::tenancy
