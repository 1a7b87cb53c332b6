#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace rt::tenancy {

/// One thing wrong with an object that an admin wrote: where (RFC 6901 pointer), and what to do.
/// `message` names the value and the fix.
struct FieldError {
    std::string pointer;
    std::string message;
    bool operator==(FieldError const&) const = default;
};
using FieldErrors = std::vector<FieldError>;

/// A parsed object, or everything that is wrong with it (never an empty list).
template <class T>
using Parsed = tl::expected<T, FieldErrors>;

/// "/spec/hosts/0: ...; /spec/type: ..." for conditions and messages.
[[nodiscard]] std::string to_string(FieldErrors const& errors);

}  // namespace rt::tenancy
