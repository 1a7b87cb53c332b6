#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace rt {

/// A string with a meaning of its own: two tags never mix, construction is explicit.
/// Types with a grammar have their own class and a parse() instead (lib/tenancy).
template <class Tag>
class StrongString {
  public:
    StrongString() = default;
    explicit StrongString(std::string value) : value_(std::move(value)) {}

    [[nodiscard]] std::string const& str() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

    auto operator<=>(StrongString const&) const = default;

  private:
    std::string value_;
};

}  // namespace rt

template <class Tag>
struct std::hash<rt::StrongString<Tag>> {
    std::size_t operator()(rt::StrongString<Tag> const& value) const noexcept {
        return std::hash<std::string>{}(value.str());
    }
};
