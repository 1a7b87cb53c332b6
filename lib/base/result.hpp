#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "lib/base/error.hpp"

namespace rt {

/// A value or the reason why there is none. Functions that can fail return it; nothing of ours
/// throws.
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(invalid_argument("..."));`
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace rt

#define RT_CONCAT_INNER(a, b) a##b
#define RT_CONCAT(a, b) RT_CONCAT_INNER(a, b)

/// `RT_TRY(auto value, function());` declares `value`, or returns the error to the caller.
#define RT_TRY_IMPL(result, declaration, ...)         \
    auto result = (__VA_ARGS__);                      \
    if (!result) {                                    \
        return ::rt::fail(std::move(result).error()); \
    }                                                 \
    declaration = std::move(*result)
#define RT_TRY(declaration, ...) \
    RT_TRY_IMPL(RT_CONCAT(rt_try_result_, __COUNTER__), declaration, __VA_ARGS__)

/// `RT_CHECK(function_returning_result_void());` returns the error to the caller.
#define RT_CHECK(...)                                             \
    if (auto rt_check_result = (__VA_ARGS__); !rt_check_result) { \
        return ::rt::fail(std::move(rt_check_result).error());    \
    }
