#include "lib/base/text.hpp"

#include <algorithm>
#include <numeric>

namespace rt {
namespace {

constexpr char upper_hex[] = "0123456789ABCDEF";

/// Insertions, deletions, substitutions and swaps of neighbours (the commonest slip) cost 1 each.
std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> before(right.size() + 1);
    std::vector<std::size_t> above(right.size() + 1);
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= left.size(); ++i) {
        before.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            std::size_t const substituted = above[j - 1] + (left[i - 1] == right[j - 1] ? 0U : 1U);
            row[j] = std::min({row[j - 1] + 1, above[j] + 1, substituted});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
    }
    return row.back();
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes_max) {
    constexpr std::string_view dots = "...";
    std::string out;
    std::size_t cut = 0;  // the longest whole prefix that leaves room for the dots
    for (char const character : text) {
        auto const byte = static_cast<unsigned char>(character);
        std::size_t const needed = byte >= 0x20 && byte <= 0x7e ? 1 : 4;
        if (out.size() + needed > bytes_max) {
            out.resize(cut);
            out += dots.substr(0, bytes_max);
            return out;
        }
        if (needed == 1) {
            out.push_back(character);
        } else {
            out += "\\x";
            out.push_back(upper_hex[byte >> 4U]);
            out.push_back(upper_hex[byte & 0xfU]);
        }
        if (out.size() + dots.size() <= bytes_max) {
            cut = out.size();
        }
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        auto const end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::string join(std::span<std::string const> parts, std::string_view separator) {
    std::string out;
    for (auto const& part : parts) {
        if (&part != parts.data()) {
            out += separator;
        }
        out += part;
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    auto const first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
    std::string text = std::to_string(count) + ' ';
    if (count == 1) {
        text += one;
    } else if (many.empty()) {
        text.append(one).append("s");
    } else {
        text += many;
    }
    return text;
}

std::string to_lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& character : out) {
        if (character >= 'A' && character <= 'Z') {
            character = static_cast<char>(character - 'A' + 'a');
        }
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 3 / 2);
    for (char const character : text) {
        bool const unreserved = (character >= 'A' && character <= 'Z') ||
                                (character >= 'a' && character <= 'z') ||
                                (character >= '0' && character <= '9') || character == '-' ||
                                character == '.' || character == '_' || character == '~';
        if (unreserved) {
            out.push_back(character);
        } else {
            auto const byte = static_cast<unsigned char>(character);
            out.push_back('%');
            out.push_back(upper_hex[byte >> 4U]);
            out.push_back(upper_hex[byte & 0xfU]);
        }
    }
    return out;
}

std::string_view nearest(std::string_view word, std::span<std::string_view const> candidates) {
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string_view best;
    for (std::string_view const candidate : candidates) {
        std::size_t const distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace rt
