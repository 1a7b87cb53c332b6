#pragma once

#include <yaml-cpp/yaml.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// A YAML mapping whose keys are all known. Every complaint is a std::runtime_error that names the
/// file's key path, the value and what would be right.
class YamlMapping {
public:
    YamlMapping(const YAML::Node& node, std::string where,
                std::initializer_list<std::string_view> known);

    [[nodiscard]] bool has(const std::string& key) const;
    [[nodiscard]] YAML::Node node(const std::string& key) const;
    [[nodiscard]] std::string where(const std::string& key) const;

    [[nodiscard]] std::string required_text(const std::string& key) const;
    [[nodiscard]] std::string text(const std::string& key, const std::string& fallback) const;
    [[nodiscard]] long number(const std::string& key, long fallback, long low, long high) const;
    [[nodiscard]] bool boolean(const std::string& key, bool fallback) const;
    [[nodiscard]] std::vector<std::string> texts(const std::string& key) const;
    /// The entries of a list; none where the key is absent.
    [[nodiscard]] std::vector<YAML::Node> entries(const std::string& key) const;

private:
    YAML::Node node_;
    std::string where_;
};

}  // namespace sim
