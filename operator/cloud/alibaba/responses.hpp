#pragma once

#include <string>

#include "lib/base/result.hpp"
#include "lib/http/message.hpp"
#include "operator/cloud/keys.hpp"

namespace rt::op::alibaba {

/// Each reads one answer. Errors are classified by the cloud's Code string (throttling often comes
/// as HTTP 400), carry it in Error::code, and quote Code, Message and RequestId; never a body.
[[nodiscard]] Result<SecretString> read_metadata_token(http::Response const& response);
[[nodiscard]] Result<std::string> read_metadata_role(http::Response const& response);
[[nodiscard]] Result<TemporaryKeys> read_metadata_credentials(http::Response const& response);
/// Of AssumeRole and AssumeRoleWithOIDC.
[[nodiscard]] Result<TemporaryKeys> read_assume_role(http::Response const& response);
[[nodiscard]] Result<AuthorizationToken> read_authorization_token(http::Response const& response);
/// Of the Personal Edition, which names everything a little differently.
[[nodiscard]] Result<AuthorizationToken> read_personal_token(http::Response const& response);

/// The code means that the keys we signed with are no longer good: fetch them again, once.
[[nodiscard]] bool stale_keys(Error const& error);
/// The code means that our clock disagrees with the cloud's by more than 15 minutes.
[[nodiscard]] bool clock_skew(Error const& error);

}  // namespace rt::op::alibaba
