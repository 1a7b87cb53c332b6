#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/tenancy/registry.hpp"

namespace rt::registry {

// The troubleshooting table of docs/troubleshooting.md: likely causes and fixes of what a step saw.
// All pure.

/// The name doesn't resolve.
[[nodiscard]] std::string dns_cause(std::string_view host);
/// A name of a private endpoint that resolves to public addresses; empty where it doesn't.
[[nodiscard]] std::string odd_addresses(std::string_view host,
                                        std::vector<std::string> const& addresses);
[[nodiscard]] std::string tcp_cause(std::string_view host, Error const& error);
[[nodiscard]] std::string tls_cause(Error const& error);
/// A proxy stands between here and the registry, and can't be reached itself.
[[nodiscard]] std::string proxy_cause();
/// It can, but nothing comes from the registry.
[[nodiscard]] std::string behind_proxy_cause();
/// GET /v2/ answered with this status.
[[nodiscard]] std::string ping_cause(int status);
/// The token endpoint, or the registry where it takes passwords, said no. `skew`: how far the
/// server's clock is ahead of ours.
[[nodiscard]] std::string token_cause(Error const& error, std::chrono::seconds skew);
/// HEAD of a manifest answered with this status.
[[nodiscard]] std::string manifest_cause(int status);

/// What a cloud said while a credential was minted (CredentialSource's errors, or Events about
/// them). Empty: nothing is known about it, or the message says it already. `tenancy`: for the
/// commands that it names.
[[nodiscard]] std::string cloud_cause(std::string_view message, std::string_view tenancy);

}  // namespace rt::registry
