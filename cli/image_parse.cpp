#include "cli/image_parse.hpp"

#include <algorithm>
#include <array>

#include "cli/json_line.hpp"
#include "lib/tenancy/image_reference.hpp"

namespace rt::cli {
namespace {

/// Written out at this size: large enough to make system calls rare, small enough for a pipe's
/// reader to see progress.
constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;
/// A reference has at most 4,096 bytes, each at most 12 in JSON; more than this is no list of them.
constexpr std::size_t line_bytes_max = std::size_t{1024} * 1024;

bool flush(std::string& buffer, std::FILE* out) {
    bool const written = std::fwrite(buffer.data(), 1, buffer.size(), out) == buffer.size();
    buffer.clear();
    return written;
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
    out += ",\"";
    out += key;
    out += "\":";
    append_json_string(out, value);
}

void append_invalid(std::string& out, std::string_view image, std::string_view error) {
    out += R"({"image":)";
    append_json_string(out, image);
    out += R"(,"valid":false)";
    append_member(out, "error", error);
    out += "}\n";
}

void append_line(std::string& out, std::string_view line, bool too_long) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    if (too_long) {
        append_invalid(out, line, "the line is longer than 1 MiB: write one JSON string a line");
        return;
    }
    if (auto const reference = decode_json_string(line)) {
        append_image(out, *reference);
    } else {
        append_invalid(out, line, "the line is no JSON string: put the reference in double quotes");
    }
}

/// Splits a stream into lines of bounded length; what exceeds the bound is dropped and flagged.
class LineReader {
  public:
    explicit LineReader(std::FILE* in) : in_(in) {}

    /// False at the end of the stream. A last line without a line break counts, an empty rest does
    /// not.
    bool next(std::string& line, bool& too_long) {
        line.clear();
        too_long = false;
        bool any = false;
        while (true) {
            if (position_ == size_) {
                size_ = std::fread(chunk_.data(), 1, chunk_.size(), in_);
                position_ = 0;
                if (size_ == 0) {
                    return any;
                }
            }
            any = true;
            auto const* const begin = chunk_.data() + position_;
            auto const* const end = chunk_.data() + size_;
            auto const* const line_break = std::find(begin, end, '\n');
            auto const count = static_cast<std::size_t>(line_break - begin);
            std::size_t const kept = std::min(count, line_bytes_max - line.size());
            line.append(begin, kept);
            too_long = too_long || kept < count;
            position_ += count;
            if (line_break != end) {
                ++position_;
                return true;
            }
        }
    }

  private:
    std::FILE* in_;
    std::array<char, buffer_bytes> chunk_{};
    std::size_t position_ = 0;
    std::size_t size_ = 0;
};

}  // namespace

void append_image(std::string& out, std::string_view reference) {
    auto const image = tenancy::ImageReference::parse(reference);
    if (!image) {
        append_invalid(out, reference, tenancy::explain(image.error(), reference));
        return;
    }
    out += R"({"image":)";
    append_json_string(out, reference);
    out += R"(,"valid":true)";
    append_member(out, "registry", image->registry());
    append_member(out, "repository", image->repository());
    if (auto const tag = image->tag()) {
        append_member(out, "tag", *tag);
    }
    if (auto const digest = image->digest()) {
        append_member(out, "digest", *digest);
    }
    append_member(out, "canonical", image->canonical());
    out += "}\n";
}

bool parse_images(std::span<std::string const> references, std::FILE* out) {
    std::string buffer;
    for (auto const& reference : references) {
        append_image(buffer, reference);
        if (buffer.size() >= buffer_bytes && !flush(buffer, out)) {
            return false;
        }
    }
    return flush(buffer, out) && std::fflush(out) == 0;
}

bool parse_images_from(std::FILE* in, std::FILE* out) {
    LineReader reader(in);
    std::string buffer;
    std::string line;
    bool too_long = false;
    while (reader.next(line, too_long)) {
        append_line(buffer, line, too_long);
        if (buffer.size() >= buffer_bytes && !flush(buffer, out)) {
            return false;
        }
    }
    return flush(buffer, out) && std::fflush(out) == 0;
}

}  // namespace rt::cli
