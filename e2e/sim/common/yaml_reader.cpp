#include "e2e/sim/common/yaml_reader.hpp"

#include <algorithm>
#include <stdexcept>

#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

[[noreturn]] void refuse(std::string const& where, std::string const& why) {
    throw std::runtime_error((where.empty() ? std::string("the file") : where) + ": " + why);
}

}  // namespace

YamlMapping::YamlMapping(const YAML::Node& node, std::string where,
                         std::vector<std::string_view> const& known)
    : node_(node), where_(std::move(where)) {
    if (!node_.IsMap()) {
        refuse(where_, "must be a mapping");
    }
    for (auto const& entry : node_) {
        auto const key = entry.first.as<std::string>();
        if (std::find(known.begin(), known.end(), key) != known.end()) {
            continue;
        }
        std::string list;
        for (std::string_view const name : known) {
            list += (list.empty() ? "" : ", ") + std::string(name);
        }
        refuse(this->where(key), "is not known here; known are: " + list);
    }
}

bool YamlMapping::has(std::string const& key) const {
    return static_cast<bool>(node_[key]);
}

YAML::Node YamlMapping::node(std::string const& key) const {
    return node_[key];
}

std::string YamlMapping::where(std::string const& key) const {
    return where_ + "/" + key;
}

std::string YamlMapping::required_text(std::string const& key) const {
    std::string const value = text(key, "");
    if (value.empty()) {
        refuse(where(key), "is missing");
    }
    return value;
}

std::string YamlMapping::text(std::string const& key, std::string const& fallback) const {
    if (!has(key)) {
        return fallback;
    }
    if (!node_[key].IsScalar()) {
        refuse(where(key), "must be a text");
    }
    return node_[key].as<std::string>();
}

long YamlMapping::number(std::string const& key, long fallback, long low, long high) const {
    if (!has(key)) {
        return fallback;
    }
    std::string const written = text(key, "");
    auto const value = parse_number(written, low, high);
    if (!value) {
        refuse(where(key), "is \"" + written + "\"; must be a number from " + std::to_string(low) +
                               " to " + std::to_string(high));
    }
    return *value;
}

bool YamlMapping::boolean(std::string const& key, bool fallback) const {
    if (!has(key)) {
        return fallback;
    }
    std::string const written = text(key, "");
    if (written == "true") {
        return true;
    }
    if (written == "false") {
        return false;
    }
    refuse(where(key), "is \"" + written + "\"; must be true or false");
}

std::vector<std::string> YamlMapping::texts(std::string const& key) const {
    std::vector<std::string> out;
    for (const YAML::Node& entry : entries(key)) {
        if (!entry.IsScalar()) {
            refuse(where(key), "must be a list of texts");
        }
        out.push_back(entry.as<std::string>());
    }
    return out;
}

std::vector<YAML::Node> YamlMapping::entries(std::string const& key) const {
    std::vector<YAML::Node> out;
    if (!has(key) || node_[key].IsNull()) {
        return out;
    }
    if (!node_[key].IsSequence()) {
        refuse(where(key), "must be a list");
    }
    for (auto const& entry : node_[key]) {
        out.push_back(entry);
    }
    return out;
}

}  // namespace sim
