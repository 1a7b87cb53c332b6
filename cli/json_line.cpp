#include "cli/json_line.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"

namespace rt::cli {
namespace {

/// Bytes that stand for themselves between the quotes of a JSON string, whatever surrounds them.
bool is_plain(char character) {
    auto const byte = static_cast<unsigned char>(character);
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    if (std::all_of(text.begin(), text.end(), is_plain)) {
        out += '"';
        out += text;
        out += '"';
        return;
    }
    out += dump_json(Json(text));
}

std::optional<std::string> decode_json_string(std::string_view line) {
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') {
        std::string_view const inner = line.substr(1, line.size() - 2);
        if (std::all_of(inner.begin(), inner.end(), is_plain)) {
            return std::string(inner);
        }
    }
    auto const value = parse_json(line);
    if (!value || !value->is_string()) {
        return std::nullopt;
    }
    return value->get<std::string>();
}

}  // namespace rt::cli
