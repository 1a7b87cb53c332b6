#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rt::cli {

/// Appends `text` as a JSON string (RFC 8259). Bytes that are no UTF-8 become U+FFFD, because JSON
/// has no way to carry them.
void append_json_string(std::string& out, std::string_view text);

/// The value of a line that is exactly one JSON string, white space around it allowed. nullopt for
/// anything else, invalid UTF-8 and lone surrogates included.
[[nodiscard]] std::optional<std::string> decode_json_string(std::string_view line);

}  // namespace rt::cli
