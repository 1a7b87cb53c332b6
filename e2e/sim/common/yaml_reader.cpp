#include "e2e/sim/common/yaml_reader.hpp"

#include <algorithm>
#include <stdexcept>

#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw std::runtime_error((where.empty() ? std::string("the file") : where) + ": " + why);
}

}  // namespace

YamlMapping::YamlMapping(const YAML::Node& node, std::string where,
                         std::initializer_list<std::string_view> known)
    : node_(node), where_(std::move(where)) {
    if (!node_.IsMap()) refuse(where_, "must be a mapping");
    for (const auto& entry : node_) {
        const auto key = entry.first.as<std::string>();
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        std::string list;
        for (const std::string_view name : known) {
            list += (list.empty() ? "" : ", ") + std::string(name);
        }
        refuse(this->where(key), "is not known here; known are: " + list);
    }
}

bool YamlMapping::has(const std::string& key) const { return static_cast<bool>(node_[key]); }

YAML::Node YamlMapping::node(const std::string& key) const { return node_[key]; }

std::string YamlMapping::where(const std::string& key) const { return where_ + "/" + key; }

std::string YamlMapping::required_text(const std::string& key) const {
    const std::string value = text(key, "");
    if (value.empty()) refuse(where(key), "is missing");
    return value;
}

std::string YamlMapping::text(const std::string& key, const std::string& fallback) const {
    if (!has(key)) return fallback;
    if (!node_[key].IsScalar()) refuse(where(key), "must be a text");
    return node_[key].as<std::string>();
}

long YamlMapping::number(const std::string& key, long fallback, long low, long high) const {
    if (!has(key)) return fallback;
    const std::string written = text(key, "");
    const auto value = parse_number(written, low, high);
    if (!value) {
        refuse(where(key), "is \"" + written + "\"; must be a number from " +
                               std::to_string(low) + " to " + std::to_string(high));
    }
    return *value;
}

bool YamlMapping::boolean(const std::string& key, bool fallback) const {
    if (!has(key)) return fallback;
    const std::string written = text(key, "");
    if (written == "true") return true;
    if (written == "false") return false;
    refuse(where(key), "is \"" + written + "\"; must be true or false");
}

std::vector<std::string> YamlMapping::texts(const std::string& key) const {
    std::vector<std::string> out;
    for (const YAML::Node& entry : entries(key)) {
        if (!entry.IsScalar()) refuse(where(key), "must be a list of texts");
        out.push_back(entry.as<std::string>());
    }
    return out;
}

std::vector<YAML::Node> YamlMapping::entries(const std::string& key) const {
    std::vector<YAML::Node> out;
    if (!has(key) || node_[key].IsNull()) return out;
    if (!node_[key].IsSequence()) refuse(where(key), "must be a list");
    for (const auto& entry : node_[key]) out.push_back(entry);
    return out;
}

}  // namespace sim
