#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace YAML {
class Node;
}

namespace sim {

/// What a robot may do in one place: kind system at "/", or kind project at a project's name or
/// "*".
struct HarborPermission {
    std::string kind;
    std::string space;             ///< Harbor calls it namespace
    std::set<std::string> access;  ///< RESOURCE:ACTION
    bool operator==(HarborPermission const&) const = default;
};

struct HarborProject {
    std::string name;
    bool is_public = false;
};

/// A person with a password; a system administrator may do everything.
struct HarborUser {
    std::string name;
    std::string password;
    bool administrator = false;
};

/// A robot that an administrator of Harbor has made by hand.
struct HarborFixedRobot {
    std::string name;  ///< without the prefix
    std::string secret;
    std::vector<HarborPermission> permissions;
};

/// What exists at the simulated Harbor before anybody asks it for robots.
struct HarborWorld {
    std::string robot_prefix = "robot$";
    std::vector<HarborProject> projects;
    std::vector<HarborUser> users;
    std::vector<HarborFixedRobot> robots;

    [[nodiscard]] HarborProject const* find_project(std::string_view name) const;
    [[nodiscard]] HarborUser const* find_user(std::string_view name) const;
};

/// Reads the key `harbor` of a world. Throws std::runtime_error naming the key that is wrong.
HarborWorld read_harbor_world(const YAML::Node& node);

/// Whether `own` allows everything that `asked` would.
bool covers(std::vector<HarborPermission> const& own, std::vector<HarborPermission> const& asked);
/// Whether they allow RESOURCE:ACTION at that place.
bool allows(std::vector<HarborPermission> const& own, std::string const& kind,
            std::string const& space, std::string const& access);

}  // namespace sim
