#pragma once

#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace rt::cli {

/// Appends one line of JSON about `reference`: image, valid, registry, repository, tag, digest,
/// canonical; or image, valid, error. Absent tag and digest are left out.
void append_image(std::string& out, std::string_view reference);

/// One line of JSON for each reference. False where `out` cannot be written.
bool parse_images(std::span<std::string const> references, std::FILE* out);

/// The same for every line of `in`, which is one JSON string. A line that is none (or is over 1
/// MiB) gives valid:false with the line itself as the image. False where `out` cannot be written.
bool parse_images_from(std::FILE* in, std::FILE* out);

}  // namespace rt::cli
