#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// A YAML mapping whose keys are all known. Every complaint is a std::runtime_error that names the
/// file's key path, the value and what would be right.
class YamlMapping {
  public:
    YamlMapping(const YAML::Node& node, std::string where,
                std::vector<std::string_view> const& known);

    [[nodiscard]] bool has(std::string const& key) const;
    [[nodiscard]] YAML::Node node(std::string const& key) const;
    [[nodiscard]] std::string where(std::string const& key) const;

    [[nodiscard]] std::string required_text(std::string const& key) const;
    [[nodiscard]] std::string text(std::string const& key, std::string const& fallback) const;
    [[nodiscard]] long number(std::string const& key, long fallback, long low, long high) const;
    [[nodiscard]] bool boolean(std::string const& key, bool fallback) const;
    [[nodiscard]] std::vector<std::string> texts(std::string const& key) const;
    /// The entries of a list; none where the key is absent.
    [[nodiscard]] std::vector<YAML::Node> entries(std::string const& key) const;

  private:
    YAML::Node node_;
    std::string where_;
};

}  // namespace sim
