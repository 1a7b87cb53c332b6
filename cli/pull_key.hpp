#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/base/result.hpp"
#include "lib/tenancy/image_reference.hpp"

namespace rt::cli {

/// The key under which a kubelet finds the credential for an image: of those that are a prefix of
/// host/repository (plain text, after a leading /v1 or /v2 is dropped from the key's path), the one
/// that sorts last (pkg/credentialprovider/keyring.go). Empty: none, the pull is anonymous.
[[nodiscard]] std::string matching_key(std::span<std::string const> keys,
                                       tenancy::ImageReference const& image);

/// What a pull Secret says about one image.
struct PullKey {
    std::string key;                       ///< empty: no key matches
    std::optional<WallTime> expires_at{};  ///< the credential's; nullopt: fixed or not known
    bool known_registry = false;           ///< the Secret's annotation names the registry
};

/// Reads our pull Secret. `registry` is the Registry's name, where one is known. No credential is
/// kept. Corrupt where the Secret is no docker configuration.
[[nodiscard]] Result<PullKey> pull_key_of(Json const& secret, std::string_view registry,
                                          tenancy::ImageReference const& image);

}  // namespace rt::cli
