#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/tenancy/field_error.hpp"

namespace rt::tenancy {

/// Reads the members of one JSON object and collects what is wrong with them. A member that was
/// never asked for is unknown: refuse_unknown() reports it with the nearest known name. Null counts
/// as absent, as in the API server.
class FieldReader {
  public:
    /// `value` may be nullptr (absent); anything but an object is reported and read as empty.
    /// `errors` must outlive the reader.
    FieldReader(Json const* value, std::string pointer, FieldErrors& errors);

    [[nodiscard]] bool present() const { return object_ != nullptr; }
    [[nodiscard]] std::string const& pointer() const { return pointer_; }
    [[nodiscard]] std::string pointer_to(std::string_view key) const;
    void report(std::string_view key, std::string message);

    /// The member, nullptr where it is absent.
    Json const* member(std::string_view key);
    /// The same, reported where it is absent; `fix` says what to write.
    Json const* required(std::string_view key, std::string_view fix);

    /// A string of 1 to `characters_max` characters; empty where absent or wrong (reported).
    std::string text(std::string_view key, std::size_t characters_max);
    std::string required_text(std::string_view key, std::size_t characters_max,
                              std::string_view fix);
    /// text() without control characters.
    std::string line(std::string_view key, std::size_t characters_max);
    bool flag(std::string_view key);
    std::optional<int> integer(std::string_view key, int min, int max);
    /// An index into `choices`; `fallback` where absent or wrong (reported).
    std::size_t choice(std::string_view key, std::span<std::string_view const> choices,
                       std::size_t fallback);
    /// The elements of a list of at most `items_max`; empty where absent or wrong (reported).
    std::vector<Json const*> items(std::string_view key, std::size_t items_max);
    /// A list of different strings of 1 to `characters_max` characters. Wrong elements are reported
    /// and keep their place as an empty string, so that indices stay those of the document.
    std::vector<std::string> set_of_text(std::string_view key, std::size_t items_max,
                                         std::size_t characters_max);

    void refuse_unknown();

  private:
    Json const* object_ = nullptr;
    std::string pointer_;
    FieldErrors& errors_;
    std::vector<std::string_view> known_;
};

/// "\"VALUE\"", printable and cut, for messages.
[[nodiscard]] std::string in_quotes(std::string_view value);
/// Code points of UTF-8, which is what maxLength in a CRD counts.
[[nodiscard]] std::size_t characters_in(std::string_view utf8);
/// RFC 1123 label (a namespace's name) and subdomain (the name of most objects).
[[nodiscard]] bool is_dns_label(std::string_view text);
[[nodiscard]] bool is_dns_subdomain(std::string_view text);

}  // namespace rt::tenancy
