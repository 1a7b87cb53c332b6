#include "e2e/sim/common/harbor_world.hpp"

#include <algorithm>

#include "e2e/sim/common/yaml_reader.hpp"

namespace sim {
namespace {

HarborPermission read_permission(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where, {"kind", "namespace", "access"});
    auto const access = map.texts("access");
    return {
        map.required_text("kind"), map.required_text("namespace"), {access.begin(), access.end()}};
}

HarborFixedRobot read_robot(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where, {"name", "secret", "permissions"});
    HarborFixedRobot robot{map.required_text("name"), map.required_text("secret"), {}};
    std::size_t index = 0;
    for (const YAML::Node& entry : map.entries("permissions")) {
        robot.permissions.push_back(
            read_permission(entry, map.where("permissions") + "/" + std::to_string(index++)));
    }
    return robot;
}

template <typename Items>
auto find_by_name(Items const& items, std::string_view name) -> decltype(items.data()) {
    auto const at = std::find_if(items.begin(), items.end(),
                                 [&](auto const& item) { return item.name == name; });
    return at == items.end() ? nullptr : &*at;
}

}  // namespace

HarborProject const* HarborWorld::find_project(std::string_view name) const {
    return find_by_name(projects, name);
}

HarborUser const* HarborWorld::find_user(std::string_view name) const {
    return find_by_name(users, name);
}

HarborWorld read_harbor_world(const YAML::Node& node) {
    YamlMapping const map(node, "/harbor", {"robotPrefix", "projects", "users", "robots"});
    HarborWorld world;
    world.robot_prefix = map.text("robotPrefix", world.robot_prefix);
    auto const each = [&](std::string const& key, auto const& read) {
        std::size_t index = 0;
        for (const YAML::Node& entry : map.entries(key)) {
            read(entry, map.where(key) + "/" + std::to_string(index++));
        }
    };
    each("projects", [&](const YAML::Node& entry, std::string const& where) {
        YamlMapping const project(entry, where, {"name", "public"});
        world.projects.push_back({project.required_text("name"), project.boolean("public", false)});
    });
    each("users", [&](const YAML::Node& entry, std::string const& where) {
        YamlMapping const user(entry, where, {"name", "password", "administrator"});
        world.users.push_back({user.required_text("name"), user.required_text("password"),
                               user.boolean("administrator", false)});
    });
    each("robots", [&](const YAML::Node& entry, std::string const& where) {
        world.robots.push_back(read_robot(entry, where));
    });
    return world;
}

bool allows(std::vector<HarborPermission> const& own, std::string const& kind,
            std::string const& space, std::string const& access) {
    return std::any_of(own.begin(), own.end(), [&](HarborPermission const& permission) {
        return permission.kind == kind && (permission.space == space || permission.space == "*") &&
               permission.access.count(access) != 0;
    });
}

bool covers(std::vector<HarborPermission> const& own, std::vector<HarborPermission> const& asked) {
    return std::all_of(asked.begin(), asked.end(), [&](HarborPermission const& permission) {
        return std::all_of(permission.access.begin(), permission.access.end(),
                           [&](std::string const& access) {
                               return allows(own, permission.kind, permission.space, access);
                           });
    });
}

}  // namespace sim
