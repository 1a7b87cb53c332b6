#include "operator/cloud/amazon/xml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace rt::op::amazon {
namespace {

/// An answer of STS has some 3 KiB, 4 levels and 20 elements.
constexpr std::size_t bytes_max = std::size_t{64} * 1024;
constexpr int depth_max = 16;
constexpr int elements_max = 1'000;

constexpr std::string_view space = " \t\r\n";

bool is_name_byte(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') ||
           std::string_view("_-.:").find(character) != std::string_view::npos;
}

std::optional<char> entity(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, char>, 5> named{
        {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}}};
    for (auto const& [entity_name, character] : named) {
        if (name == entity_name) {
            return character;
        }
    }
    if (!name.starts_with('#')) {
        return std::nullopt;
    }
    bool const hexadecimal = name.starts_with("#x");
    name.remove_prefix(hexadecimal ? 2 : 1);
    unsigned value = 0;
    auto const [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != name.data() + name.size() || value == 0 || value > 127) {
        return std::nullopt;
    }
    return static_cast<char>(value);
}

class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    Result<XmlElement> document() {
        if (rest_.starts_with("<?xml") && !skip_past("?>")) {
            return fail(wrong("has a declaration without an end"));
        }
        RT_CHECK(skip_between());
        RT_TRY(XmlElement root, element(1));
        RT_CHECK(skip_between());
        if (!rest_.empty()) {
            return fail(wrong("goes on after its root element"));
        }
        return root;
    }

  private:
    static Error wrong(std::string const& what) {
        return Error{ErrorKind::Corrupt, "XML that " + what};
    }

    void skip_space() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(space), rest_.size()));
    }

    bool skip_past(std::string_view end) {
        auto const found = rest_.find(end);
        if (found == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(found + end.size());
        return true;
    }

    /// Space and comments.
    Result<void> skip_between() {
        for (skip_space(); rest_.starts_with("<!--"); skip_space()) {
            if (!skip_past("-->")) {
                return fail(wrong("has a comment without an end"));
            }
        }
        return {};
    }

    std::string name() {
        auto const* const end = std::find_if_not(rest_.begin(), rest_.end(), is_name_byte);
        std::string text(rest_.begin(), end);
        rest_.remove_prefix(text.size());
        return text;
    }

    /// Up to '>' of a start tag; true where the element ends with it ("/>").
    Result<bool> attributes() {
        for (skip_space(); !rest_.starts_with('>') && !rest_.starts_with("/>"); skip_space()) {
            std::string const key = name();
            skip_space();
            if (key.empty() || !rest_.starts_with('=')) {
                return fail(wrong("has a tag that is none"));
            }
            rest_.remove_prefix(1);
            skip_space();
            std::string_view const quote = rest_.substr(0, 1);
            if (quote != "\"" && quote != "'") {
                return fail(wrong("has an attribute without quotes"));
            }
            rest_.remove_prefix(1);
            if (!skip_past(quote)) {
                return fail(wrong("has an attribute without an end"));
            }
        }
        bool const empty = rest_.starts_with('/');
        rest_.remove_prefix(empty ? 2 : 1);
        return empty;
    }

    Result<void> text_into(std::string& out) {
        while (!rest_.empty() && rest_.front() != '<') {
            if (rest_.front() != '&') {
                auto const run = std::min(rest_.find_first_of("<&"), rest_.size());
                out += rest_.substr(0, run);
                rest_.remove_prefix(run);
                continue;
            }
            auto const semicolon = rest_.find(';');
            auto const character = semicolon == std::string_view::npos
                                       ? std::nullopt
                                       : entity(rest_.substr(1, semicolon - 1));
            if (!character) {
                return fail(wrong("has an entity that is not known"));
            }
            out += *character;
            rest_.remove_prefix(semicolon + 1);
        }
        return {};
    }

    Result<XmlElement> element(int depth) {
        XmlElement read;
        if (!rest_.starts_with('<') || depth > depth_max || ++elements_ > elements_max) {
            return fail(wrong("has no element where one must be, or too many"));
        }
        rest_.remove_prefix(1);
        read.name = name();
        if (read.name.empty()) {
            return fail(wrong("has markup that answers do not use"));
        }
        RT_TRY(bool const empty, attributes());
        if (empty) {
            return read;
        }
        while (true) {
            RT_CHECK(text_into(read.text));
            if (rest_.starts_with("<!--")) {
                RT_CHECK(skip_between());
            } else if (rest_.starts_with("</")) {
                rest_.remove_prefix(2);
                break;
            } else {
                RT_TRY(XmlElement child, element(depth + 1));
                read.children.push_back(std::move(child));
            }
        }
        bool const same = name() == read.name;
        skip_space();
        if (!same || !rest_.starts_with('>')) {
            return fail(wrong("has an element that another one's end closes"));
        }
        rest_.remove_prefix(1);
        if (!read.children.empty()) {
            read.text.clear();
        }
        return read;
    }

    std::string_view rest_;
    int elements_ = 0;
};

}  // namespace

XmlElement const* XmlElement::child(std::string_view child_name) const {
    auto const found = std::find_if(children.begin(), children.end(),
                                    [&](XmlElement const& one) { return one.name == child_name; });
    return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::text_at(std::initializer_list<std::string_view> path) const {
    XmlElement const* element = this;
    for (std::string_view const step : path) {
        element = element->child(step);
        if (element == nullptr) {
            return {};
        }
    }
    return element->text;
}

Result<XmlElement> parse_xml(std::string_view text) {
    if (text.size() > bytes_max) {
        return fail(Error{ErrorKind::Corrupt, "XML that is larger than 64 KiB"});
    }
    return Parser(text).document();
}

}  // namespace rt::op::amazon
