#include "operator/cloud/harbor/requests.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/text.hpp"

namespace rt::op::harbor {
namespace {

constexpr std::string_view robots_path = "/api/v2.0/robots";

/// Basic, and never a cookie: Harbor asks for its CSRF token only where a session is.
http::Request request_as(std::string method, std::string url, ApiLogin const& login) {
    SecretString const pair(login.username + ':' + std::string(login.password.reveal()));
    http::Request request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.headers.add("authorization", "Basic " + base64_encode(pair.reveal()));
    request.headers.add("accept", "application/json");
    return request;
}

}  // namespace

http::Request create_robot_request(std::string const& url, ApiLogin const& login,
                                   NewRobot const& robot) {
    Json permissions = Json::array();
    for (std::string const& project : robot.projects) {
        permissions.push_back({{"kind", "project"},
                               {"namespace", project},
                               {"access", Json::array({{{"resource", "repository"},
                                                        {"action", "pull"},
                                                        {"effect", "allow"}}})}});
    }
    http::Request request = request_as("POST", url + std::string(robots_path), login);
    request.headers.add("content-type", "application/json");
    request.body = dump_json({{"name", robot.name},
                              {"description", robot.description},
                              {"level", "system"},
                              {"duration", robot.days},
                              {"disable", false},
                              {"permissions", std::move(permissions)}});
    return request;
}

http::Request list_robots_request(std::string const& url, ApiLogin const& login,
                                  std::string const& name_part, int page) {
    return request_as(
        "GET",
        url + std::string(robots_path) + "?q=" + percent_encode("name=~" + name_part) +
            "&page=" + std::to_string(page) + "&page_size=" + std::to_string(robots_per_page),
        login);
}

http::Request delete_robot_request(std::string const& url, ApiLogin const& login,
                                   std::string const& id) {
    return request_as("DELETE", url + std::string(robots_path) + '/' + id, login);
}

}  // namespace rt::op::harbor
