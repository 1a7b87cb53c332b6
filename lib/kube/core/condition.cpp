#include "lib/kube/core/condition.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"

namespace rt::kube {

std::vector<Condition> conditions_of(Json const& object) {
    std::vector<Condition> conditions;
    Json const* const status = find(object, "status");
    Json const* const list = status == nullptr ? nullptr : find(*status, "conditions");
    if (list == nullptr || !list->is_array()) {
        return conditions;
    }
    for (Json const& entry : *list) {
        Condition condition;
        condition.type = string_at(entry, "type");
        if (condition.type.empty()) {
            continue;
        }
        condition.status = string_at(entry, "status");
        condition.reason = string_at(entry, "reason");
        condition.message = string_at(entry, "message");
        if (Json const* const generation = find(entry, "observedGeneration");
            generation != nullptr && generation->is_number_integer()) {
            condition.observed_generation = generation->get<std::int64_t>();
        }
        condition.last_transition_time =
            parse_rfc3339(string_at(entry, "lastTransitionTime")).value_or(WallTime{});
        conditions.push_back(std::move(condition));
    }
    return conditions;
}

Condition const* find_condition(std::vector<Condition> const& conditions, std::string_view type) {
    auto const found = std::ranges::find(conditions, type, &Condition::type);
    return found == conditions.end() ? nullptr : &*found;
}

bool set_condition(std::vector<Condition>& conditions, Condition wanted, WallTime now) {
    // Whole seconds, as metav1.Time stores them, so that a read back compares equal.
    now = std::chrono::floor<std::chrono::seconds>(now);
    auto const found = std::ranges::find(conditions, wanted.type, &Condition::type);
    if (found == conditions.end()) {
        wanted.last_transition_time = now;
        conditions.push_back(std::move(wanted));
        return true;
    }
    wanted.last_transition_time =
        found->status == wanted.status ? found->last_transition_time : now;
    if (*found == wanted) {
        return false;
    }
    *found = std::move(wanted);
    return true;
}

Json to_json(std::vector<Condition> const& conditions) {
    Json list = Json::array();
    for (Condition const& condition : conditions) {
        list.push_back({{"type", condition.type},
                        {"status", condition.status},
                        {"reason", condition.reason},
                        {"message", condition.message},
                        {"observedGeneration", condition.observed_generation},
                        {"lastTransitionTime", format_rfc3339(condition.last_transition_time)}});
    }
    return list;
}

}  // namespace rt::kube
