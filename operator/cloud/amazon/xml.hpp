#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace rt::op::amazon {

/// An element of an answer in AWS' query protocol: either text or elements.
struct XmlElement {
    std::string name;
    std::string text;  ///< unescaped; empty where there are children
    std::vector<XmlElement> children;

    /// The first child of that name, or nullptr.
    [[nodiscard]] XmlElement const* child(std::string_view child_name) const;
    /// The text of the element at the end of the path of names; empty where there is none.
    [[nodiscard]] std::string_view text_at(std::initializer_list<std::string_view> path) const;
};

/// Reads the part of XML 1.0 that the query protocol uses: elements, attributes (skipped), text,
/// the five named entities and numeric ones below 128, comments and a declaration. Whatever else
/// XML knows (DOCTYPE, further entities, CDATA, processing instructions) is refused, so that no
/// answer can make us read files or grow. At most 64 KiB, 16 levels and 1,000 elements. Corrupt
/// otherwise; the error never quotes the text.
[[nodiscard]] Result<XmlElement> parse_xml(std::string_view text);

}  // namespace rt::op::amazon
