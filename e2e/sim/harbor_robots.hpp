#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/harbor_world.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {

/// A robot account, as Harbor keeps it.
struct HarborRobot {
    long id = 0;
    std::string name;  ///< with the prefix, as Harbor shows it
    std::string secret;
    std::string description;
    std::string level;  ///< system or project
    long days = 0;      ///< -1: it never ends
    bool disabled = false;
    TimePoint created;
    std::optional<TimePoint> expires;
    std::vector<HarborPermission> permissions;
    std::string creator;

    [[nodiscard]] bool may_log_in(TimePoint now) const {
        return !disabled && (!expires || *expires > now);
    }
};

/// Which robots a list asks for.
struct HarborRobotQuery {
    std::string level = "system";
    std::string name;       ///< exact; empty: any
    std::string name_part;  ///< anywhere in the name, whatever its case; empty: any
    std::size_t page = 1;
    std::size_t page_size = 10;
};

/// All robots that were asked for while this process lives. Thread-safe.
class HarborRobots {
  public:
    /// Gives it an ID and keeps it; nothing where the name is taken.
    std::optional<HarborRobot> add(HarborRobot robot);
    [[nodiscard]] std::optional<HarborRobot> find(long id) const;
    [[nodiscard]] std::optional<HarborRobot> find_by_name(std::string_view name) const;
    bool replace(HarborRobot const& robot);
    bool remove(long id);
    /// One page, oldest first, and how many there are in all.
    [[nodiscard]] std::pair<std::vector<HarborRobot>, std::size_t> list(
        HarborRobotQuery const& query) const;

  private:
    mutable std::mutex mutex_;
    std::map<long, HarborRobot> robots_;
    long next_id_ = 1;
};

}  // namespace sim
