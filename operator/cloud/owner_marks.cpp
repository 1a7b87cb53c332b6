#include "operator/cloud/owner_marks.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/core/object.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op {
namespace {

/// 48 bits: two clusters of one registry, or two owners of one cluster, do not meet by chance.
constexpr std::size_t mark_digits = 12;

bool is_letter_or_digit(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

}  // namespace

std::string cluster_mark(std::string_view cluster_uid) {
    return sha256_hex("registry-tenancy cluster\n" + std::string(cluster_uid))
        .substr(0, mark_digits);
}

std::string owner_mark(std::string_view ns, std::string_view registry) {
    return sha256_hex(std::string(ns) + '\n' + std::string(registry)).substr(0, mark_digits);
}

bool is_mark(std::string_view text) {
    return text.size() == mark_digits && std::all_of(text.begin(), text.end(), is_letter_or_digit);
}

std::string name_part(std::string_view text, std::size_t bytes_max) {
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

std::string seconds_part(WallTime issued_at) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(issued_at.time_since_epoch()).count());
}

std::optional<WallTime> parse_seconds_part(std::string_view text) {
    std::int64_t seconds = 0;
    char const* const last = text.data() + text.size();
    auto const [end, error] = std::from_chars(text.data(), last, seconds);
    if (error != std::errc{} || end != last || seconds <= 0 || seconds > epoch_seconds_max) {
        return std::nullopt;
    }
    return WallTime(std::chrono::seconds(seconds));
}

Result<std::string> ClusterMark::get(std::stop_token const& stop) {
    std::lock_guard const lock(mutex_);
    if (mark_.empty()) {
        auto const found = api_.get(kube::types::namespaces, {"", "kube-system"}, stop);
        if (!found) {
            return fail(found.error().with_context(
                "reading the UID of namespace kube-system, which marks what this cluster makes"));
        }
        mark_ = cluster_mark(kube::meta_of(*found).uid);
    }
    return mark_;
}

}  // namespace rt::op
