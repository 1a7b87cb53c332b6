#pragma once

#include <optional>
#include <string_view>

namespace rt {

/// The line, counted from 1, at which YAML::LoadAll() of this text would stand still: yaml-cpp
/// makes empty documents for ever out of some malformed texts (", a" for one) because it never
/// takes the token that it can't use. nullopt where it gets to the end, or throws. To be asked
/// before every LoadAll(); reads the whole text once, without building anything.
[[nodiscard]] std::optional<int> yaml_standstill(std::string_view text);

}  // namespace rt
