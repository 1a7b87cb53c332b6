#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rt {

/// What a caller can do about a failure; deliberately few.
enum class ErrorKind {
    InvalidArgument,   ///< the input is wrong; retrying the same input cannot help
    NotFound,          ///< the thing named does not exist
    AlreadyExists,     ///< a create met an object of that name
    Conflict,          ///< an optimistic-lock or field-ownership conflict; re-read and decide again
    Unauthenticated,   ///< the peer does not know who we are (HTTP 401)
    Forbidden,         ///< the peer knows us and says no; someone must grant something
    Throttled,         ///< slow down; see Error::retry_after
    Unavailable,       ///< network trouble, 5xx: may go away by itself
    DeadlineExceeded,  ///< our own time limit passed
    Cancelled,         ///< a stop was requested
    Expired,           ///< a resource version, token or certificate is too old (HTTP 410 and alike)
    Corrupt,           ///< the peer's answer cannot be understood
    Internal,          ///< a bug of ours, or an environment that breaks its promises
};

/// The enumerator's name, as used in metrics labels and log fields.
[[nodiscard]] std::string_view name_of(ErrorKind kind);

/// A failure as a value. `message` is written for people and never holds a secret.
struct Error {
    ErrorKind kind = ErrorKind::Internal;
    std::string message;
    /// The peer's own machine-readable code, where there is one: a Kubernetes Status reason
    /// ("NotFound"), a cloud error code ("NoPermission").
    std::string code{};
    /// The HTTP status the failure came with; 0 where there was none.
    int http_status = 0;
    /// How long the peer asked us to wait (Retry-After, x-ratelimit-user TimeLeft).
    std::optional<std::chrono::milliseconds> retry_after{};

    /// True where doing the same thing again later may succeed without anyone's intervention.
    [[nodiscard]] bool retryable() const;

    /// The same error with "CONTEXT: " before its message.
    [[nodiscard]] Error with_context(std::string_view context) const;
};

[[nodiscard]] Error invalid_argument(std::string message);
[[nodiscard]] Error internal_error(std::string message);

}  // namespace rt
