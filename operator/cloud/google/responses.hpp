#pragma once

#include "lib/base/result.hpp"
#include "lib/http/message.hpp"
#include "operator/cloud/keys.hpp"

namespace rt::op::google {

/// An access token, and how long it lives from now on by the cloud's clock (not at all where it
/// arrived expired).
struct AccessToken {
    SecretString token;
    WallTime::duration life{};
};

/// Each reads one answer. `now` is the time of our own clock, used where the answer has no Date.
/// Errors are classified by the cloud's code (OAuth's `error`, or a Google API's `status`), carry
/// it in Error::code, quote the cloud's text and say what to change; never a body.
[[nodiscard]] Result<AccessToken> read_metadata_token(http::Response const& response);
[[nodiscard]] Result<AccessToken> read_exchange(http::Response const& response);
[[nodiscard]] Result<AccessToken> read_impersonation(http::Response const& response, WallTime now);

/// The token that we called with is no longer good: fetch it again, once.
[[nodiscard]] bool stale_token(Error const& error);

}  // namespace rt::op::google
