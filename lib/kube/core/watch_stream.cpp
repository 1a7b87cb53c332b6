#include "lib/kube/core/watch_stream.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/kube/core/status.hpp"

namespace rt::kube {

Result<bool> LineSplitter::feed(std::string_view chunk,
                                std::function<bool(std::string_view line)> const& on_line) {
    while (!chunk.empty()) {
        auto const end = chunk.find('\n');
        std::string_view const piece = chunk.substr(0, end);
        if (partial_.size() + piece.size() > line_bytes_max_) {
            Error error{ErrorKind::Corrupt, "a watch event is larger than the " +
                                                std::to_string(line_bytes_max_) +
                                                " bytes that are read of one"};
            error.code = codes::event_too_large;
            partial_ = {};
            return fail(std::move(error));
        }
        if (end == std::string_view::npos) {
            partial_ += piece;
            return true;
        }
        chunk.remove_prefix(end + 1);
        bool go_on = true;
        if (partial_.empty()) {
            go_on = piece.empty() || on_line(piece);
        } else {
            partial_ += piece;
            // Released, not cleared: one huge event must not keep its memory for the stream's life.
            std::string const line = std::exchange(partial_, {});
            go_on = on_line(line);
        }
        if (!go_on) {
            return false;
        }
    }
    return true;
}

Result<WatchEventType> parse_watch_line(std::string_view line, Json& object) {
    static constexpr std::array<std::pair<std::string_view, WatchEventType>, 4> event_types{{
        {"ADDED", WatchEventType::Added},
        {"MODIFIED", WatchEventType::Modified},
        {"DELETED", WatchEventType::Deleted},
        {"BOOKMARK", WatchEventType::Bookmark},
    }};
    RT_TRY(Json document, parse_json(line, JsonLimits{watch_line_bytes_max}));
    auto const found = document.is_object() ? document.find("object") : document.end();
    if (found == document.end() || !found->is_object()) {
        return fail(Error{ErrorKind::Corrupt, "a watch event without an object"});
    }
    std::string const type = string_at(document, "type");
    if (type == "ERROR") {
        return fail(error_of_status(*found));
    }
    for (auto const& [name, event_type] : event_types) {
        if (type == name) {
            object = std::move(*found);
            return event_type;
        }
    }
    return fail(Error{ErrorKind::Corrupt, "a watch event of an unknown type"});
}

bool ends_initial_events(Json const& bookmark) {
    Json const* const metadata = find(bookmark, "metadata");
    Json const* const annotations = metadata == nullptr ? nullptr : find(*metadata, "annotations");
    return annotations != nullptr && string_at(*annotations, "k8s.io/initial-events-end") == "true";
}

}  // namespace rt::kube
