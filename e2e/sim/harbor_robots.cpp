#include "e2e/sim/harbor_robots.hpp"

#include <algorithm>

namespace sim {

std::optional<HarborRobot> HarborRobots::add(HarborRobot robot) {
    std::lock_guard const lock(mutex_);
    bool const taken = std::any_of(robots_.begin(), robots_.end(),
                                   [&](auto const& one) { return one.second.name == robot.name; });
    if (taken) {
        return std::nullopt;
    }
    robot.id = next_id_++;
    return robots_.emplace(robot.id, std::move(robot)).first->second;
}

std::optional<HarborRobot> HarborRobots::find(long id) const {
    std::lock_guard const lock(mutex_);
    auto const at = robots_.find(id);
    return at == robots_.end() ? std::nullopt : std::optional<HarborRobot>(at->second);
}

std::optional<HarborRobot> HarborRobots::find_by_name(std::string_view name) const {
    std::lock_guard const lock(mutex_);
    auto const at = std::find_if(robots_.begin(), robots_.end(),
                                 [&](auto const& one) { return one.second.name == name; });
    return at == robots_.end() ? std::nullopt : std::optional<HarborRobot>(at->second);
}

bool HarborRobots::replace(HarborRobot const& robot) {
    std::lock_guard const lock(mutex_);
    auto const at = robots_.find(robot.id);
    if (at == robots_.end()) {
        return false;
    }
    at->second = robot;
    return true;
}

bool HarborRobots::remove(long id) {
    std::lock_guard const lock(mutex_);
    return robots_.erase(id) != 0;
}

std::pair<std::vector<HarborRobot>, std::size_t> HarborRobots::list(
    HarborRobotQuery const& query) const {
    std::lock_guard const lock(mutex_);
    std::vector<HarborRobot> page;
    std::size_t total = 0;
    std::size_t const skipped = (query.page - 1) * query.page_size;
    std::string const part = lower_case(query.name_part);
    for (auto const& [id, robot] : robots_) {
        bool const wanted = robot.level == query.level &&
                            (query.name.empty() || robot.name == query.name) &&
                            lower_case(robot.name).find(part) != std::string::npos;
        if (!wanted) {
            continue;
        }
        if (total >= skipped && page.size() < query.page_size) {
            page.push_back(robot);
        }
        ++total;
    }
    return {page, total};
}

}  // namespace sim
