#pragma once

#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"

namespace rt::op::azure {

/// A refresh token of a registry: the docker password.
struct RefreshToken {
    SecretString token;
    WallTime expires_at;  ///< by the registry's clock, from the token's own `exp`
};

/// Each reads one answer. Errors are classified by the cloud's code (Entra ID: AADSTSnnn), carry it
/// in Error::code, and quote code, message and trace ID and say what to do; never a body or token.
/// An access token that arrives expired is Expired.
[[nodiscard]] Result<SecretString> read_managed_identity(http::Response const& response);
[[nodiscard]] Result<SecretString> read_access_token(http::Response const& response);
[[nodiscard]] Result<RefreshToken> read_refresh_token(http::Response const& response);

}  // namespace rt::op::azure
