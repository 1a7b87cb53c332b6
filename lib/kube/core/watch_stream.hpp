#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/json.hpp"
#include "lib/base/result.hpp"

namespace rt::kube {

/// An event can be a 1.5 MB object with every byte escaped six-fold, about 9 MB; beyond this, it is
/// not from an API server.
inline constexpr std::size_t watch_line_bytes_max = std::size_t{16} * 1024 * 1024;

enum class WatchEventType { Added, Modified, Deleted, Bookmark };

/// One event of a watch. `object` is valid during the callback it is handed to.
struct WatchEvent {
    WatchEventType type = WatchEventType::Bookmark;
    Json const* object = nullptr;
};

/// Puts lines together from chunks that may be cut at any byte.
class LineSplitter {
  public:
    explicit LineSplitter(std::size_t line_bytes_max = watch_line_bytes_max)
        : line_bytes_max_(line_bytes_max) {}

    /// Calls `on_line` for every line that this chunk completes (without its end, never empty);
    /// `on_line` returning false ends it. Corrupt with code EventTooLarge over the limit.
    /// True: go on; false: `on_line` wanted the end.
    Result<bool> feed(std::string_view chunk,
                      std::function<bool(std::string_view line)> const& on_line);

    /// Bytes of a line that has not ended yet.
    [[nodiscard]] std::size_t pending() const { return partial_.size(); }

  private:
    std::size_t line_bytes_max_;
    std::string partial_;
};

/// Reads a line of a watch: returns the event's type and puts its object into `object`. The object
/// of an ERROR event is a Status and becomes the error it stands for, as if the request itself had
/// failed. Corrupt where the line is no event.
[[nodiscard]] Result<WatchEventType> parse_watch_line(std::string_view line, Json& object);

/// True for the bookmark that ends the initial events of a WatchList (KEP-3157).
[[nodiscard]] bool ends_initial_events(Json const& bookmark);

}  // namespace rt::kube
