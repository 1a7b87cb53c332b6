#pragma once

#include <string>
#include <string_view>

#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"

namespace rt::op::google {

/// OAuth scopes. A token that only pulls gets the smallest that Artifact Registry takes; one that
/// impersonates needs the whole.
inline constexpr std::string_view pull_scope =
    "https://www.googleapis.com/auth/cloud-platform.read-only";
inline constexpr std::string_view impersonation_scope =
    "https://www.googleapis.com/auth/cloud-platform";

/// GET of a token of the machine's service account (or, with Workload Identity Federation for GKE,
/// of the Pod's own): an e-mail address, or "default".
[[nodiscard]] http::Request metadata_token_request(std::string const& service_account);

/// POST v1/token of the Security Token Service (RFC 8693): a ServiceAccount's token for one of the
/// workload identity pool. `provider` is its full resource name, //iam.googleapis.com/...; `token`
/// is the proof, nothing is signed.
[[nodiscard]] http::Request exchange_request(std::string const& provider, std::string_view scope,
                                             SecretString const& token);

/// POST :generateAccessToken of the Service Account Credentials API: a token of the service account
/// `email`, good for pulling, for this long.
[[nodiscard]] http::Request impersonation_request(std::string const& email,
                                                  SecretString const& token, int seconds);

/// The audience that a provider takes where it lists none: its own name as a URL.
[[nodiscard]] std::string default_audience(std::string const& provider);

}  // namespace rt::op::google
