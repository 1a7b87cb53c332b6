#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"

namespace rt::kube {

/// metav1.Condition.
struct Condition {
    std::string type;
    std::string status = "Unknown";  ///< "True", "False" or "Unknown"
    std::string reason;              ///< CamelCase
    std::string message{};
    std::int64_t observed_generation = 0;
    WallTime last_transition_time{};

    bool operator==(Condition const&) const = default;
};

/// The conditions under `status.conditions` of an object; entries without a type are skipped.
[[nodiscard]] std::vector<Condition> conditions_of(Json const& object);

/// The condition of that type, or null.
[[nodiscard]] Condition const* find_condition(std::vector<Condition> const& conditions,
                                              std::string_view type);

/// Puts `wanted` in place of the condition of its type. lastTransitionTime becomes `now` only where
/// `status` changes and is kept otherwise (API conventions); its value in `wanted` is ignored.
/// True where anything changed.
bool set_condition(std::vector<Condition>& conditions, Condition wanted, WallTime now);

/// As it stands in `status.conditions`.
[[nodiscard]] Json to_json(std::vector<Condition> const& conditions);

}  // namespace rt::kube
