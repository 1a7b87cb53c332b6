#pragma once

#include <string>

#include "lib/base/result.hpp"
#include "lib/http/message.hpp"
#include "operator/cloud/keys.hpp"

namespace rt::op::amazon {

/// Each reads one answer. Errors are classified by the cloud's code (throttling often comes as HTTP
/// 400), carry it in Error::code, and quote code, message and request ID; never a body.
[[nodiscard]] Result<SecretString> read_metadata_token(http::Response const& response);
[[nodiscard]] Result<std::string> read_metadata_role(http::Response const& response);
[[nodiscard]] Result<TemporaryKeys> read_metadata_credentials(http::Response const& response);
[[nodiscard]] Result<TemporaryKeys> read_pod_identity(http::Response const& response);
/// The XML answers of the two STS actions.
[[nodiscard]] Result<TemporaryKeys> read_assume_role(http::Response const& response);
[[nodiscard]] Result<TemporaryKeys> read_web_identity(http::Response const& response);
/// JSON of ECR.
[[nodiscard]] Result<AuthorizationToken> read_authorization_token(http::Response const& response);

/// The code means that the keys we signed with are no longer good: fetch them again, once.
[[nodiscard]] bool stale_keys(Error const& error);
/// The cloud says that our clock disagrees with its own.
[[nodiscard]] bool clock_skew(Error const& error);

}  // namespace rt::op::amazon
