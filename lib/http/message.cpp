#include "lib/http/message.hpp"

#include <algorithm>

namespace rt::http {
namespace {

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
}

bool same_name(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

}  // namespace

std::string_view Headers::get(std::string_view name) const {
    for (auto const& [key, value] : fields_) {
        if (same_name(key, name)) {
            return value;
        }
    }
    return {};
}

bool Headers::has(std::string_view name) const {
    return std::ranges::any_of(fields_,
                               [&](auto const& field) { return same_name(field.first, name); });
}

Url split_url(std::string_view url) {
    Url parts;
    // Only what stands before the first '/' can be a scheme: "/path?next=https://..." has none.
    auto const end = url.find("://");
    if (end != std::string_view::npos && url.find_first_of("/?#") == end + 1) {
        parts.scheme = url.substr(0, end);
        url.remove_prefix(end + 3);
    }
    url = url.substr(0, url.find('#'));
    if (auto const query = url.find('?'); query != std::string_view::npos) {
        parts.query = url.substr(query + 1);
        url = url.substr(0, query);
    }
    auto const path = std::min(url.find('/'), url.size());
    parts.authority = url.substr(0, path);
    parts.path = path == url.size() ? std::string_view("/") : url.substr(path);
    return parts;
}

}  // namespace rt::http
