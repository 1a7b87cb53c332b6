#pragma once

#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"

namespace rt::op {

/// Keys to sign with. `security_token` is empty for a long-lived AccessKey.
struct AccessKeys {
    std::string access_key_id;
    SecretString access_key_secret;
    SecretString security_token;

    [[nodiscard]] AccessKeys clone() const {
        return {access_key_id, access_key_secret.clone(), security_token.clone()};
    }
};

/// Keys that end.
struct TemporaryKeys {
    AccessKeys keys;
    WallTime expires_at;                    ///< by the cloud's clock
    std::optional<WallTime> answered_at{};  ///< by the same, where it said
};

/// A docker login that a registry's cloud handed out.
struct AuthorizationToken {
    std::string username;
    SecretString password;
    WallTime expires_at;                    ///< by the cloud's clock
    std::optional<WallTime> answered_at{};  ///< by the same, where it said
};

}  // namespace rt::op
