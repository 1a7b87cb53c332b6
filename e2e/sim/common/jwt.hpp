#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "e2e/sim/common/text.hpp"

namespace sim {

/// The claims of a ServiceAccount token that a trust policy looks at.
struct TokenClaims {
    std::string issuer;
    std::string subject;
    std::string audience;  ///< the first one
    TimePoint expires;
};

/// Verifies ES256 tokens with a public key, as AWS does with the key set of an OIDC provider.
class TokenVerifier {
  public:
    /// Reads a PEM file. Throws std::runtime_error naming it where it cannot be used.
    explicit TokenVerifier(std::string const& public_key_file);
    ~TokenVerifier();
    TokenVerifier(TokenVerifier const&) = delete;
    TokenVerifier& operator=(TokenVerifier const&) = delete;

    /// Nothing for anything but a well-signed token; expiry is left to the caller.
    [[nodiscard]] std::optional<TokenClaims> verify(std::string_view token) const;

  private:
    void* key_ = nullptr;  // EVP_PKEY, owned
};

}  // namespace sim
