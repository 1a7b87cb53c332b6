#pragma once

#include <cstddef>
#include <string_view>

namespace rt::http {

/// Where a request head ends, and the two line endings that HTTP parsers disagree about (the ground
/// of request smuggling, RFC 9112 sections 2.2 and 5.2), refused before any parser sees them.
class HeadScanner {
  public:
    enum class Verdict { NeedMore, Complete, Malformed };

    /// Looks at the bytes of `head` not looked at before; `head` is the same buffer, grown.
    [[nodiscard]] Verdict scan(std::string_view head);
    /// After Complete: bytes up to and including the empty line.
    [[nodiscard]] std::size_t head_bytes() const { return head_bytes_; }

  private:
    std::size_t scanned_ = 0;
    std::size_t line_start_ = 0;
    std::size_t head_bytes_ = 0;
};

}  // namespace rt::http
