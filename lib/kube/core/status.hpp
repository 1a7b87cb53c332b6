#pragma once

#include <string_view>

#include "lib/base/error.hpp"
#include "lib/base/json.hpp"

namespace rt::kube {

/// Codes that callers branch on; they stand in Error::code.
namespace codes {
/// A create inside a namespace that is going away (HTTP 403): nothing is wrong, drop the key.
inline constexpr std::string_view namespace_terminating = "NamespaceTerminating";
/// A read at a version that the server has not reached (HTTP 504), as after a restored backup.
inline constexpr std::string_view resource_version_too_large = "ResourceVersionTooLarge";
/// One watch event was larger than we read; see LineSplitter.
inline constexpr std::string_view event_too_large = "EventTooLarge";
}  // namespace codes

/// The error that a metav1.Status stands for. `code` is its reason, or the cause's where the cause
/// says more (the codes above); `http_status` is its code; `retry_after` its retryAfterSeconds.
[[nodiscard]] Error error_of_status(Json const& status);

/// The error of an HTTP answer that is not 2xx: its Status if the body is one, else the status
/// alone (proxies and load balancers answer in prose, which we do not repeat). `retry_after` is the
/// header's value; the body's retryAfterSeconds counts where it is empty.
[[nodiscard]] Error error_of_response(int http_status, std::string_view body,
                                      std::string_view retry_after);

}  // namespace rt::kube
