#include "operator/cloud/harbor/requests.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"

namespace rt::op::harbor {
namespace {

std::string const url = "https://harbor.example.com:8443";

ApiLogin login() {
    return {"robot$registry-tenancy", SecretString("S3cret:with colon")};
}

TEST(HarborRequests, create_a_robot_of_the_system_that_pulls_from_projects) {
    auto const request =
        create_robot_request(url, login(), {"rt.name", "for people", {"cainiao", "base"}, 7});
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, url + "/api/v2.0/robots");
    // printf 'robot$registry-tenancy:S3cret:with colon' | base64
    EXPECT_EQ(request.headers.get("authorization"),
              "Basic cm9ib3QkcmVnaXN0cnktdGVuYW5jeTpTM2NyZXQ6d2l0aCBjb2xvbg==");
    EXPECT_EQ(request.headers.get("content-type"), "application/json");
    EXPECT_FALSE(request.headers.has("cookie"));
    EXPECT_EQ(*parse_json(request.body), *parse_json(R"({
        "name": "rt.name", "description": "for people", "level": "system", "duration": 7,
        "disable": false, "permissions": [
          {"kind": "project", "namespace": "cainiao",
           "access": [{"resource": "repository", "action": "pull", "effect": "allow"}]},
          {"kind": "project", "namespace": "base",
           "access": [{"resource": "repository", "action": "pull", "effect": "allow"}]}]})"));
}

TEST(HarborRequests, list_by_part_of_the_name) {
    auto const request = list_robots_request(url, login(), "rt.0123456789ab.", 3);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.url, url + "/api/v2.0/robots?q=name%3D~rt.0123456789ab.&page=3&page_size=50");
    EXPECT_TRUE(request.body.empty());
    EXPECT_TRUE(request.headers.has("authorization"));
}

TEST(HarborRequests, delete_by_id) {
    auto const request = delete_robot_request(url, login(), "42");
    EXPECT_EQ(request.method, "DELETE");
    EXPECT_EQ(request.url, url + "/api/v2.0/robots/42");
}

}  // namespace
}  // namespace rt::op::harbor
