#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/base/result.hpp"

namespace rt::cli {

/// One document of a YAML stream, as Kubernetes reads it.
struct YamlDocument {
    std::shared_ptr<Json> value{};
    int line = 1;  ///< where it begins, counted from 1
    /// Where the values of the keys `image`, `reference` and `name` stand, by JSON pointer: for
    /// reports that point into the file.
    std::map<std::string, int, std::less<>> lines{};
};

/// Reads YAML (JSON included) into JSON with the types that kubectl sees: quoted is a string, `yes`
/// and `on` are booleans, `<<` merges. Refused: duplicate keys (two readers of one file must not
/// disagree about an image), nesting over 64, aliases that blow up. Empty documents are left out.
/// Errors name the line, never the content.
[[nodiscard]] Result<std::vector<YamlDocument>> read_yaml(std::string_view text);

/// YAML of a JSON value, block style, keys in order: for objects that people keep in Git.
[[nodiscard]] std::string write_yaml(Json const& value);

}  // namespace rt::cli
