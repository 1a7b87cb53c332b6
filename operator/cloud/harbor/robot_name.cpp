#include "operator/cloud/harbor/robot_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::harbor {
namespace {

/// 48 bits: two clusters of one Harbor, or two owners of one cluster, do not meet by chance.
constexpr std::size_t mark_digits = 12;
/// Years until 2286 have ten digits.
constexpr std::size_t seconds_digits_max = 11;
constexpr std::size_t cluster_bytes_max = 32;
/// A namespace is a DNS label.
constexpr std::size_t namespace_bytes_max = 63;

bool is_letter_or_digit(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

/// Harbor takes [a-z0-9]+ joined by single marks: everything else becomes a dash, runs of dashes
/// one, and none stays at an end.
std::string readable(std::string_view text, std::size_t bytes_max) {
    std::string out;
    for (char const character : to_lower_ascii(text)) {
        if (is_letter_or_digit(character)) {
            out += character;
        } else if (!out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    out.resize(std::min(out.size(), bytes_max));
    while (out.ends_with('-')) {
        out.pop_back();
    }
    return out.empty() ? "x" : out;
}

bool is_mark(std::string_view text) {
    return text.size() == mark_digits && std::all_of(text.begin(), text.end(), is_letter_or_digit);
}

}  // namespace

std::string cluster_mark(std::string_view cluster_uid) {
    return sha256_hex("registry-tenancy cluster\n" + std::string(cluster_uid))
        .substr(0, mark_digits);
}

std::string owner_mark(std::string_view ns, std::string_view registry) {
    return sha256_hex(std::string(ns) + '\n' + std::string(registry)).substr(0, mark_digits);
}

std::string robot_name_start(std::string_view mark) {
    return "rt." + std::string(mark) + '.';
}

std::string robot_name(std::string_view mark, std::string_view cluster, std::string_view ns,
                       std::string_view registry, WallTime issued_at) {
    auto const seconds =
        std::chrono::duration_cast<std::chrono::seconds>(issued_at.time_since_epoch()).count();
    return robot_name_start(mark) + readable(cluster, cluster_bytes_max) + '.' +
           readable(ns, namespace_bytes_max) + '.' + owner_mark(ns, registry) + '.' +
           std::to_string(seconds);
}

std::optional<RobotName> parse_robot_name(std::string_view name, std::string_view mark) {
    std::string const start = robot_name_start(mark);
    auto const at = name.find(start);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    // Cluster, namespace, owner, seconds.
    std::vector<std::string_view> const parts = split(name.substr(at + start.size()), '.');
    if (parts.size() != 4 || !is_mark(parts[2]) || parts[3].empty() ||
        parts[3].size() > seconds_digits_max) {
        return std::nullopt;
    }
    std::int64_t seconds = 0;
    char const* const last = parts[3].data() + parts[3].size();
    auto const [end, error] = std::from_chars(parts[3].data(), last, seconds);
    if (error != std::errc{} || end != last || seconds <= 0 || seconds > epoch_seconds_max) {
        return std::nullopt;
    }
    return RobotName{std::string(parts[2]), WallTime(std::chrono::seconds(seconds))};
}

}  // namespace rt::op::harbor
