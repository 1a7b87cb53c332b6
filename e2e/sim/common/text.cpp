#include "e2e/sim/common/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <iomanip>
#include <sstream>

namespace sim {
namespace {

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

std::tm utc(TimePoint time) {
    std::time_t const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

std::string format(TimePoint time, char const* pattern) {
    std::tm const parts = utc(time);
    std::ostringstream text;
    text << std::put_time(&parts, pattern);
    return text.str();
}

}  // namespace

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (char const c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) {
                return std::nullopt;
            }
            int const high = hex_digit(text[i + 1]);
            int const low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::optional<Parameters> parse_form(std::string_view text) {
    Parameters out;
    if (text.empty()) {
        return out;
    }
    for (std::string const& piece : split(text, '&')) {
        if (piece.empty()) {
            continue;
        }
        std::size_t const equals = piece.find('=');
        auto const key = percent_decode(std::string_view(piece).substr(0, equals));
        auto const value = equals == std::string::npos
                               ? std::optional<std::string>("")
                               : percent_decode(std::string_view(piece).substr(equals + 1));
        if (!key || !value) {
            return std::nullopt;
        }
        out.emplace_back(*key, *value);
    }
    return out;
}

std::optional<std::string> find_parameter(Parameters const& parameters, std::string_view name) {
    for (auto const& [key, value] : parameters) {
        if (key == name) {
            return value;
        }
    }
    return std::nullopt;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

std::string trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    std::size_t const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    while (true) {
        std::size_t const at = text.find(separator);
        out.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(at + 1);
    }
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

std::string format_time(TimePoint time) {
    return format(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::string format_time_ms(TimePoint time) {
    auto const since_epoch = time.time_since_epoch();
    auto const ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count() % 1000;
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms));
    return format(time, "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

std::string format_http_date(TimePoint time) {
    return format(time, "%a, %d %b %Y %H:%M:%S GMT");
}

std::optional<TimePoint> parse_time(std::string_view text) {
    std::string const copy(text);
    std::tm parts{};
    char const* end = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    // strptime also accepts "2024-1-2T..."; the fixed length keeps to the documented form.
    if (end == nullptr || *end != '\0' || copy.size() != 20) {
        return std::nullopt;
    }
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::optional<long> parse_number(std::string_view text, long low, long high) {
    long value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    if (value < low || value > high) {
        return std::nullopt;
    }
    return value;
}

}  // namespace sim
