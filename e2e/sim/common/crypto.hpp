#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sim {

std::string sha256_hex(std::string_view data);
std::string hmac_sha256_hex(std::string_view key, std::string_view data);
std::string hmac_sha1_hex(std::string_view key, std::string_view data);
bool equal_constant_time(std::string_view a, std::string_view b);

std::string base64_encode(std::string_view data);
std::optional<std::string> base64_decode(std::string_view text);
/// Base64 with the URL alphabet and without padding (RFC 7515).
std::string base64url_encode(std::string_view data);
std::optional<std::string> base64url_decode(std::string_view text);

/// Letters and digits, from the system's random source.
std::string random_name(std::size_t length);
/// A version 4 UUID in upper case, as the clouds' request IDs.
std::string random_request_id();

/// Seals texts (AES-256-GCM), so that a token can carry its own meaning from one simulator to the
/// next. A token sealed for one purpose does not open for another.
class Sealer {
  public:
    explicit Sealer(std::string_view key_text);

    [[nodiscard]] std::string seal(std::string_view purpose, std::string_view plain) const;
    /// Nothing when the token was not sealed with this key and purpose, byte for byte.
    [[nodiscard]] std::optional<std::string> unseal(std::string_view purpose,
                                                    std::string_view sealed) const;
    /// 40 hex digits over `data`: the second half of an ACR password.
    [[nodiscard]] std::string tag40(std::string_view data) const;

  private:
    std::string key_;  // 32 bytes
};

/// Signs JSON Web Tokens with ES256; the header carries the certificate as x5c (RFC 7515, 4.1.6).
class TokenSigner {
  public:
    /// Reads PEM files. Throws std::runtime_error naming the file that cannot be used.
    TokenSigner(std::string const& certificate_file, std::string const& key_file);
    ~TokenSigner();
    TokenSigner(TokenSigner const&) = delete;
    TokenSigner& operator=(TokenSigner const&) = delete;

    [[nodiscard]] std::string sign(std::string_view claims_json) const;

  private:
    std::string header_json_;
    void* key_ = nullptr;  // EVP_PKEY, owned
};

}  // namespace sim
