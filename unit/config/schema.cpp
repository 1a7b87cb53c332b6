#include "unit/config/schema.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace config_test {

namespace {

bool has_type(Json const& value, std::string const& type) {
    if (type == "object") {
        return value.is_object();
    }
    if (type == "array") {
        return value.is_array();
    }
    if (type == "string") {
        return value.is_string();
    }
    if (type == "boolean") {
        return value.is_boolean();
    }
    return type == "integer" && value.is_number_integer();
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(to));
}

std::vector<std::string> object_violations(Json const& schema, Json const& value,
                                           std::string const& path) {
    std::vector<std::string> result;
    for (auto const& required : schema.value("required", Json::array())) {
        if (!value.contains(required.get<std::string>())) {
            result.push_back(path + "." + required.get<std::string>() + " is required");
        }
    }
    auto const properties = schema.value("properties", Json::object());
    for (auto const& [key, member] : value.items()) {
        auto const below = path + "." + key;
        if (properties.contains(key)) {
            append(result, violations(properties[key], member, below));
        } else if (schema.contains("additionalProperties")) {
            append(result, violations(schema["additionalProperties"], member, below));
        } else if (path != ".metadata") {
            result.push_back(below + " is unknown");
        }
    }
    return result;
}

}  // namespace

std::vector<std::string> violations(Json const& schema, Json const& value,
                                    std::string const& path) {
    auto const type = schema.value("type", "");
    if (!has_type(value, type)) {
        return {path + " is no " + type + ": " + value.dump()};
    }
    if (type == "object") {
        return object_violations(schema, value, path);
    }
    std::vector<std::string> result;
    auto const outside = [&](char const* least, char const* most, std::int64_t figure) {
        if ((schema.contains(least) && figure < schema[least].get<std::int64_t>()) ||
            (schema.contains(most) && figure > schema[most].get<std::int64_t>())) {
            result.push_back(path + " is out of bounds: " + value.dump());
        }
    };
    if (schema.contains("enum") &&
        std::ranges::find(schema["enum"], value) == schema["enum"].end()) {
        result.push_back(path + " is none of " + schema["enum"].dump() + ": " + value.dump());
    }
    if (type == "array") {
        outside("minItems", "maxItems", static_cast<std::int64_t>(value.size()));
        for (std::size_t index = 0; index < value.size(); ++index) {
            append(result, violations(schema["items"], value[index],
                                      path + "[" + std::to_string(index) + "]"));
        }
    } else if (type == "string") {
        outside("minLength", "maxLength",
                static_cast<std::int64_t>(value.get_ref<std::string const&>().size()));
    } else if (type == "integer") {
        outside("minimum", "maximum", value.get<std::int64_t>());
    }
    return result;
}

void each_schema(Json const& schema, std::string const& path,
                 std::function<void(Json const&, std::string const&)> const& visit) {
    visit(schema, path);
    if (schema.contains("properties")) {
        for (auto const& [key, member] : schema["properties"].items()) {
            each_schema(member, path + "." + key, visit);
        }
    }
    if (schema.contains("items")) {
        each_schema(schema["items"], path + "[]", visit);
    }
    if (schema.contains("additionalProperties")) {
        each_schema(schema["additionalProperties"], path + ".*", visit);
    }
}

}  // namespace config_test
