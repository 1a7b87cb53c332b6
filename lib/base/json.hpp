#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace rt {

using Json = nlohmann::json;

/// Bounds on foreign JSON. nlohmann's dump() recurses, so depth must be bounded when parsing.
struct JsonLimits {
    std::size_t bytes_max = std::size_t{16} * 1024 * 1024;
    int depth_max = 64;
};

/// Parses one whole JSON document; refuses what exceeds the limits and duplicate keys
/// (RFC 8259 leaves their meaning open, and two readers of one document must not disagree).
/// The error never quotes the document: it may hold credentials.
[[nodiscard]] Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

/// Compact text; invalid UTF-8 is replaced, never thrown about.
[[nodiscard]] std::string dump_json(Json const& value);

/// RFC 6901: "/spec" + key with '~' and '/' escaped.
[[nodiscard]] std::string json_pointer(std::string_view parent, std::string_view key);
[[nodiscard]] std::string json_pointer(std::string_view parent, std::size_t index);

/// The member of an object if it exists and is not null, else nullptr. Total: any `value` is fine.
[[nodiscard]] Json const* find(Json const& value, std::string_view key);
/// The string at object[key], or empty where there is none or it is no string.
[[nodiscard]] std::string string_at(Json const& value, std::string_view key);

}  // namespace rt
