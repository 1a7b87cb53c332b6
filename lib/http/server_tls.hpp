#pragma once

#include <memory>
#include <string>

#include "lib/base/result.hpp"
#include "lib/http/server.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace rt::http {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// A server context: TLS 1.2 and 1.3, forward-secret AEAD suites only, no tickets, ALPN http/1.1
/// only. InvalidArgument names the part of `certificate` that cannot be used; never quotes it.
[[nodiscard]] Result<TlsContext> make_server_context(ServingCertificate const& certificate);

/// The subject common name of the client certificate that the handshake verified, or empty.
[[nodiscard]] std::string verified_common_name(ssl_st* session);

}  // namespace rt::http
