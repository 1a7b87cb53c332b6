#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace rt {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view data);
/// Lower-case hexadecimal of SHA-256.
[[nodiscard]] std::string sha256_hex(std::string_view data);
[[nodiscard]] Sha256 hmac_sha256(std::string_view key, std::string_view data);
[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string hex(Sha256 const& digest);

/// RFC 4648 section 4, padded.
[[nodiscard]] std::string base64_encode(std::string_view data);
/// RFC 4648 section 4; padding required; anything else is InvalidArgument.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

}  // namespace rt
