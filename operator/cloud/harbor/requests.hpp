#pragma once

#include <string>
#include <vector>

#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"

namespace rt::op::harbor {

/// Who talks to Harbor's API: a robot of the system, or a user, that may create, list and delete
/// robots. `url` of all requests: scheme, host and port, no slash at the end.
struct ApiLogin {
    std::string username;
    SecretString password;
};

struct NewRobot {
    std::string name;         ///< without Harbor's prefix
    std::string description;  ///< for people
    /// That it may pull from; "*": all there are and will be.
    std::vector<std::string> projects;
    int days = 0;  ///< Harbor counts lives in whole days
};
/// POST /robots: one robot of the system with `repository:pull` in each of the projects.
[[nodiscard]] http::Request create_robot_request(std::string const& url, ApiLogin const& login,
                                                 NewRobot const& robot);

/// Harbor gives at most a hundred; half of that keeps an answer within its bound although each
/// robot comes with all its projects.
inline constexpr int robots_per_page = 50;
/// GET /robots: robots of the system whose name has this part in it; `page` from 1.
[[nodiscard]] http::Request list_robots_request(std::string const& url, ApiLogin const& login,
                                                std::string const& name_part, int page);

[[nodiscard]] http::Request delete_robot_request(std::string const& url, ApiLogin const& login,
                                                 std::string const& id);

}  // namespace rt::op::harbor
