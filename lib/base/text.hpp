#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rt {

/// Every byte outside printable ASCII as \xNN, cut to `bytes_max` with "..." at the end. Everything
/// foreign that we echo into a terminal, header or log goes through it.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max);

[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<std::string const> parts, std::string_view separator);
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
/// Without blanks and line breaks at both ends; a view into `text`.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// "1 image", "2 images"; `many` where the plural is not just an s.
[[nodiscard]] std::string counted(std::size_t count, std::string_view one,
                                  std::string_view many = {});

/// RFC 3986 percent-encoding of everything but unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// The candidate nearest to `word` by edit distance, if it is near enough to be what was meant
/// (distance at most a third of the word, at least 1); empty otherwise.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<std::string_view const> candidates);

}  // namespace rt
