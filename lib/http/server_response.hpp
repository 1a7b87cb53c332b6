#pragma once

#include <string>
#include <string_view>

namespace rt::http {

/// What an answer's head depends on beside the answer itself.
struct ResponseHead {
    int status = 200;
    std::string_view content_type{};  ///< left out where the body is empty
    std::size_t body_bytes = 0;
    int retry_after_seconds = 0;
    bool close = false;
    std::string_view date{};
};

/// Appends status line, fields and the empty line (RFC 9112) to `out`.
void append_head(std::string& out, ResponseHead const& head);

}  // namespace rt::http
