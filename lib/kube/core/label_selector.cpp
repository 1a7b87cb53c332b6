#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::kube {
namespace {

using Requirement = LabelSelector::Requirement;
using Operator = LabelSelector::Operator;

// Limits of label keys and values: kubernetes.io "Labels and Selectors", syntax and character set.
constexpr std::size_t label_part_bytes_max = 63;
constexpr std::size_t label_prefix_bytes_max = 253;

Error bad(std::string const& pointer, std::string const& what) {
    return invalid_argument(pointer + ": " + what);
}

std::string shown(std::string_view text) {
    return "\"" + printable(text, 100) + "\"";
}

bool is_alphanumeric(char character) {
    return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
           (character >= '0' && character <= '9');
}

bool is_label_part(std::string_view text) {
    return !text.empty() && text.size() <= label_part_bytes_max && is_alphanumeric(text.front()) &&
           is_alphanumeric(text.back()) && std::ranges::all_of(text, [](char character) {
               return is_alphanumeric(character) || character == '-' || character == '_' ||
                      character == '.';
           });
}

bool is_label_prefix(std::string_view text) {
    return !text.empty() && text.size() <= label_prefix_bytes_max &&
           std::ranges::all_of(text, [](char character) {
               return (character >= 'a' && character <= 'z') ||
                      (character >= '0' && character <= '9') || character == '-' ||
                      character == '.';
           });
}

bool is_label_key(std::string_view text) {
    auto const slash = text.find('/');
    if (slash == std::string_view::npos) {
        return is_label_part(text);
    }
    return is_label_prefix(text.substr(0, slash)) && is_label_part(text.substr(slash + 1));
}

Result<std::string> read_key(std::string const& key, std::string const& pointer) {
    if (!is_label_key(key)) {
        return fail(bad(pointer, shown(key) + " cannot be a label key; use [prefix/]name, the name "
                                              "at most 63 letters, digits, '-', '_' and '.'"));
    }
    return key;
}

Result<std::string> read_value(Json const& value, std::string const& pointer) {
    if (!value.is_string()) {
        return fail(bad(pointer, "must be a string; quote it"));
    }
    auto const& text = value.get_ref<std::string const&>();
    if (!text.empty() && !is_label_part(text)) {
        return fail(bad(pointer, shown(text) + " cannot be a label value; at most 63 letters, "
                                               "digits, '-', '_' and '.'"));
    }
    return text;
}

Result<Operator> read_operator(std::string const& name, std::string const& pointer) {
    static constexpr std::array<std::pair<std::string_view, Operator>, 4> operators{{
        {"In", Operator::In},
        {"NotIn", Operator::NotIn},
        {"Exists", Operator::Exists},
        {"DoesNotExist", Operator::DoesNotExist},
    }};
    for (auto const& [known, op] : operators) {
        if (name == known) {
            return op;
        }
    }
    return fail(bad(pointer, shown(name) + " is not an operator; use In, NotIn, Exists or "
                                           "DoesNotExist"));
}

Result<void> only_fields(Json const& object, std::initializer_list<std::string_view> known,
                         std::string const& pointer) {
    for (auto const& [key, value] : object.items()) {
        if (std::ranges::find(known, key) == known.end()) {
            return fail(bad(json_pointer(pointer, key), "unknown field"));
        }
    }
    return {};
}

Result<Requirement> read_expression(Json const& expression, std::string const& pointer) {
    if (!expression.is_object()) {
        return fail(bad(pointer, "must be an object with key, operator and values"));
    }
    RT_CHECK(only_fields(expression, {"key", "operator", "values"}, pointer));
    Requirement requirement;
    RT_TRY(requirement.key, read_key(string_at(expression, "key"), json_pointer(pointer, "key")));
    RT_TRY(requirement.op,
           read_operator(string_at(expression, "operator"), json_pointer(pointer, "operator")));
    std::string const values_pointer = json_pointer(pointer, "values");
    if (Json const* const values = find(expression, "values"); values != nullptr) {
        if (!values->is_array()) {
            return fail(bad(values_pointer, "must be a list of strings"));
        }
        for (std::size_t index = 0; index < values->size(); ++index) {
            RT_TRY(auto value, read_value((*values)[index], json_pointer(values_pointer, index)));
            requirement.values.push_back(std::move(value));
        }
    }
    bool const wants_values = requirement.op == Operator::In || requirement.op == Operator::NotIn;
    if (wants_values == requirement.values.empty()) {
        return fail(bad(values_pointer, wants_values
                                            ? "must not be empty with operator In or NotIn"
                                            : "must be empty with Exists or DoesNotExist"));
    }
    return requirement;
}

bool holds(Requirement const& requirement, std::map<std::string, std::string> const& labels) {
    auto const label = labels.find(requirement.key);
    bool const present = label != labels.end();
    auto const listed = [&] {
        return present &&
               std::ranges::find(requirement.values, label->second) != requirement.values.end();
    };
    switch (requirement.op) {
        case Operator::In:
            return listed();
        case Operator::NotIn:
            return !listed();
        case Operator::Exists:
            return present;
        case Operator::DoesNotExist:
            break;
    }
    return !present;
}

}  // namespace

Result<LabelSelector> LabelSelector::parse(Json const& selector, std::string_view pointer) {
    std::string const base(pointer);
    if (!selector.is_object()) {
        return fail(bad(base, "must be an object with matchLabels or matchExpressions"));
    }
    RT_CHECK(only_fields(selector, {"matchLabels", "matchExpressions"}, base));
    LabelSelector parsed;
    if (Json const* const labels = find(selector, "matchLabels"); labels != nullptr) {
        std::string const labels_pointer = json_pointer(base, "matchLabels");
        if (!labels->is_object()) {
            return fail(bad(labels_pointer, "must be a map of strings"));
        }
        for (auto const& [key, value] : labels->items()) {
            std::string const value_pointer = json_pointer(labels_pointer, key);
            RT_TRY(auto name, read_key(key, value_pointer));
            RT_TRY(auto text, read_value(value, value_pointer));
            parsed.requirements_.push_back({std::move(name), Operator::In, {std::move(text)}});
        }
    }
    if (Json const* const expressions = find(selector, "matchExpressions");
        expressions != nullptr) {
        std::string const list_pointer = json_pointer(base, "matchExpressions");
        if (!expressions->is_array()) {
            return fail(bad(list_pointer, "must be a list"));
        }
        for (std::size_t index = 0; index < expressions->size(); ++index) {
            RT_TRY(auto requirement,
                   read_expression((*expressions)[index], json_pointer(list_pointer, index)));
            parsed.requirements_.push_back(std::move(requirement));
        }
    }
    return parsed;
}

bool LabelSelector::matches(std::map<std::string, std::string> const& labels) const {
    return std::ranges::all_of(
        requirements_, [&](Requirement const& requirement) { return holds(requirement, labels); });
}

}  // namespace rt::kube
