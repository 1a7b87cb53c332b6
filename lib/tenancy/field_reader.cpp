#include "lib/tenancy/field_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"

namespace rt::tenancy {
namespace {

std::string shown(Json const& value) {
    constexpr std::size_t shown_max = 64;
    return printable(dump_json(value), shown_max);
}

/// What was probably meant; a different case alone always counts as near.
std::string_view meant_by(std::string_view word, std::span<std::string_view const> candidates) {
    std::string const lower = to_lower_ascii(word);
    auto const same = std::find_if(candidates.begin(), candidates.end(),
                                   [&](auto const& one) { return to_lower_ascii(one) == lower; });
    return same != candidates.end() ? *same : nearest(word, candidates);
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char character) {
        auto const byte = static_cast<unsigned char>(character);
        return byte < 0x20 || byte == 0x7f;
    });
}

}  // namespace

FieldReader::FieldReader(Json const* value, std::string pointer, FieldErrors& errors)
    : pointer_(std::move(pointer)), errors_(errors) {
    if (value == nullptr) {
        return;
    }
    if (!value->is_object()) {
        errors_.push_back({pointer_, shown(*value) + " is no object: write fields"});
        return;
    }
    object_ = value;
}

std::string FieldReader::pointer_to(std::string_view key) const {
    return json_pointer(pointer_, key);
}

void FieldReader::report(std::string_view key, std::string message) {
    errors_.push_back({pointer_to(key), std::move(message)});
}

Json const* FieldReader::member(std::string_view key) {
    known_.push_back(key);
    return object_ == nullptr ? nullptr : find(*object_, key);
}

Json const* FieldReader::required(std::string_view key, std::string_view fix) {
    Json const* const value = member(key);
    if (value == nullptr && object_ != nullptr) {
        report(key, "is required: " + std::string(fix));
    }
    return value;
}

std::string FieldReader::text(std::string_view key, std::size_t characters_max) {
    Json const* const value = member(key);
    if (value == nullptr) {
        return {};
    }
    if (!value->is_string()) {
        report(key, shown(*value) + " is no string: put it in quotes");
        return {};
    }
    auto const& string = value->get_ref<std::string const&>();
    if (string.empty()) {
        report(key, "is empty: give a value, or remove the field");
        return {};
    }
    if (std::size_t const count = characters_in(string); count > characters_max) {
        report(key, in_quotes(string) + " has " + std::to_string(count) +
                        " characters: shorten it to " + std::to_string(characters_max));
        return {};
    }
    return string;
}

std::string FieldReader::required_text(std::string_view key, std::size_t characters_max,
                                       std::string_view fix) {
    return required(key, fix) == nullptr ? std::string() : text(key, characters_max);
}

std::string FieldReader::line(std::string_view key, std::size_t characters_max) {
    std::string value = text(key, characters_max);
    if (has_control_character(value)) {
        report(key, in_quotes(value) +
                        " has control characters: write one line without line breaks "
                        "and tabs");
        return {};
    }
    return value;
}

bool FieldReader::flag(std::string_view key) {
    Json const* const value = member(key);
    if (value == nullptr) {
        return false;
    }
    if (!value->is_boolean()) {
        report(key,
               shown(*value) + " is neither true nor false: write one of them, without quotes");
        return false;
    }
    return value->get<bool>();
}

std::optional<int> FieldReader::integer(std::string_view key, int min, int max) {
    Json const* const value = member(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    bool const too_large_unsigned =
        value->is_number_unsigned() && value->get<std::uint64_t>() > std::uint64_t{INT32_MAX};
    if (!value->is_number_integer() || too_large_unsigned || value->get<std::int64_t>() < min ||
        value->get<std::int64_t>() > max) {
        report(key, shown(*value) + " is no whole number from " + std::to_string(min) + " to " +
                        std::to_string(max) + ": correct it");
        return std::nullopt;
    }
    return value->get<int>();
}

std::size_t FieldReader::choice(std::string_view key, std::span<std::string_view const> choices,
                                std::size_t fallback) {
    Json const* const value = member(key);
    if (value == nullptr) {
        return fallback;
    }
    std::string const word = value->is_string() ? value->get<std::string>() : std::string();
    auto const found = std::find(choices.begin(), choices.end(), word);
    if (found != choices.end()) {
        return static_cast<std::size_t>(found - choices.begin());
    }
    std::string message = shown(*value) + " is unknown: write ";
    if (std::string_view const meant = meant_by(word, choices); !word.empty() && !meant.empty()) {
        message += std::string(meant) + " (of ";
    } else {
        message += "one of ";
    }
    for (std::size_t i = 0; i < choices.size(); ++i) {
        message += (i == 0 ? "" : ", ") + std::string(choices[i]);
    }
    report(key, message + (message.find("(of ") != std::string::npos ? ")" : ""));
    return fallback;
}

std::vector<Json const*> FieldReader::items(std::string_view key, std::size_t items_max) {
    Json const* const value = member(key);
    std::vector<Json const*> result;
    if (value == nullptr) {
        return result;
    }
    if (!value->is_array()) {
        report(key, shown(*value) + " is no list: write a list");
        return result;
    }
    if (value->size() > items_max) {
        report(key, "has " + std::to_string(value->size()) + " entries: at most " +
                        std::to_string(items_max) + " are allowed");
        return result;
    }
    for (auto const& item : *value) {
        result.push_back(&item);
    }
    return result;
}

std::vector<std::string> FieldReader::set_of_text(std::string_view key, std::size_t items_max,
                                                  std::size_t characters_max) {
    std::vector<std::string> result;
    for (Json const* const item : items(key, items_max)) {
        std::string const where = json_pointer(pointer_to(key), result.size());
        if (!item->is_string() || item->get_ref<std::string const&>().empty()) {
            errors_.push_back({where, shown(*item) + " is no text: write a string, or remove it"});
            result.emplace_back();
            continue;
        }
        auto const& string = item->get_ref<std::string const&>();
        if (characters_in(string) > characters_max) {
            errors_.push_back({where, in_quotes(string) + " is too long: at most " +
                                          std::to_string(characters_max) + " characters"});
            result.emplace_back();
        } else if (std::find(result.begin(), result.end(), string) != result.end()) {
            errors_.push_back({where, in_quotes(string) + " stands here twice: remove one"});
            result.emplace_back();
        } else {
            result.push_back(string);
        }
    }
    return result;
}

void FieldReader::refuse_unknown() {
    if (object_ == nullptr) {
        return;
    }
    for (auto const& [key, value] : object_->items()) {
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) {
            continue;
        }
        std::string_view const meant = meant_by(key, known_);
        errors_.push_back(
            {json_pointer(pointer_, printable(key, 64)),
             "is no known field: " + (meant.empty() ? std::string("remove it")
                                                    : "did you mean " + std::string(meant) + "?")});
    }
}

std::string in_quotes(std::string_view value) {
    constexpr std::size_t shown_max = 256;
    return '"' + printable(value, shown_max) + '"';
}

std::size_t characters_in(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char character) {
        return (static_cast<unsigned char>(character) & 0xc0U) != 0x80U;
    }));
}

bool is_dns_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), [](char character) {
               return (character >= 'a' && character <= 'z') ||
                      (character >= '0' && character <= '9') || character == '-';
           });
}

bool is_dns_subdomain(std::string_view text) {
    if (text.empty() || text.size() > 253) {
        return false;
    }
    auto const labels = split(text, '.');
    return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
        return !label.empty() && label.front() != '-' && label.back() != '-' &&
               std::all_of(label.begin(), label.end(), [](char character) {
                   return (character >= 'a' && character <= 'z') ||
                          (character >= '0' && character <= '9') || character == '-';
               });
    });
}

}  // namespace rt::tenancy
