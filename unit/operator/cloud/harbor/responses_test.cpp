#include "operator/cloud/harbor/responses.hpp"

#include <gtest/gtest.h>

namespace rt::op::harbor {
namespace {

http::Response json(int status, std::string body, http::Headers headers = {}) {
    return {status, std::move(headers), std::move(body)};
}

std::string error_body(std::string const& code, std::string const& message) {
    return R"({"errors":[{"code":")" + code + R"(","message":")" + message + R"("}]})";
}

TEST(HarborResponses, reads_a_created_robot) {
    auto const robot = read_created_robot(
        json(201, R"({"id":42,"name":"robot$rt.x","secret":"S","expires_at":1767927845,
                      "creation_time":"2026-01-02T03:04:05.000Z"})"));
    ASSERT_TRUE(robot) << robot.error().message;
    EXPECT_EQ(robot->name, "robot$rt.x");
    EXPECT_EQ(robot->secret.reveal(), "S");
    EXPECT_EQ(robot->expires_at, WallTime(std::chrono::seconds(1'767'927'845)));
    auto const endless = read_created_robot(
        json(201, R"({"id":42,"name":"robot$rt.x","secret":"S","expires_at":-1})"));
    ASSERT_TRUE(endless);
    EXPECT_FALSE(endless->expires_at);
}

TEST(HarborResponses, takes_nothing_half) {
    for (std::string const body :
         {"", "null", "[]", "<html>", R"({"name":"n","secret":"S"})",
          R"({"name":"n","expires_at":5})", R"({"name":"n","secret":"","expires_at":5})",
          R"({"secret":"S","expires_at":5})", R"({"name":"a:b","secret":"S","expires_at":5})",
          R"({"name":"n","secret":"S","expires_at":"5"})",
          R"({"name":"n","secret":"S","expires_at":-2})",
          R"({"name":"n","secret":"S","expires_at":10000000000})"}) {
        auto const robot = read_created_robot(json(201, body));
        ASSERT_FALSE(robot) << body;
        EXPECT_EQ(robot.error().kind, ErrorKind::Corrupt) << body;
    }
}

TEST(HarborResponses, says_who_can_help) {
    struct Case {
        int status;
        std::string code;
        ErrorKind kind;
    };
    for (Case const& each :
         {Case{400, "BAD_REQUEST", ErrorKind::InvalidArgument},
          Case{401, "UNAUTHORIZED", ErrorKind::Unauthenticated},
          Case{403, "FORBIDDEN", ErrorKind::Forbidden}, Case{403, "DENIED", ErrorKind::Forbidden},
          Case{404, "NOT_FOUND", ErrorKind::NotFound},
          Case{409, "CONFLICT", ErrorKind::Unavailable},
          Case{412, "PRECONDITION", ErrorKind::InvalidArgument},
          Case{429, "TOO_MANY_REQUEST", ErrorKind::Throttled},
          Case{500, "UNKNOWN", ErrorKind::Unavailable}, Case{503, "", ErrorKind::Unavailable}}) {
        auto const robot = read_created_robot(
            json(each.status, error_body(each.code, "said Harbor"), {{"x-request-id", "R-1"}}));
        ASSERT_FALSE(robot);
        bool const login = each.status == 401 || each.status == 403;
        EXPECT_EQ(robot.error().message.find("accessKey") != std::string::npos, login)
            << robot.error().message;
        EXPECT_EQ(robot.error().kind, each.kind) << each.status;
        EXPECT_EQ(robot.error().code, each.code);
        EXPECT_EQ(robot.error().http_status, each.status);
        EXPECT_NE(robot.error().message.find("said Harbor"), std::string::npos);
        EXPECT_NE(robot.error().message.find("(RequestId R-1)"), std::string::npos);
    }
    auto const throttled = read_created_robot(json(429, "", {{"retry-after", "7"}}));
    EXPECT_EQ(throttled.error().retry_after, std::chrono::seconds(7));
}

TEST(HarborResponses, quotes_no_page_of_a_proxy) {
    auto const robot = read_created_robot(json(502, "<html>secret of the page</html>"));
    ASSERT_FALSE(robot);
    EXPECT_EQ(robot.error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(robot.error().message, "HTTP 502");
}

TEST(HarborResponses, says_that_redirects_are_not_followed) {
    auto const robot =
        read_created_robot(json(308, "", {{"location", "https://other.example.com"}}));
    ASSERT_FALSE(robot);
    EXPECT_EQ(robot.error().kind, ErrorKind::InvalidArgument);
    EXPECT_NE(robot.error().message.find("redirects are not followed"), std::string::npos);
}

TEST(HarborResponses, reads_lists) {
    auto const robots = read_robots(
        json(200, R"([{"id":1,"name":"robot$a","description":"d"},{"id":2,"name":"robot$b"}])"));
    ASSERT_TRUE(robots);
    ASSERT_EQ(robots->size(), 2U);
    EXPECT_EQ(robots->at(0).id, 1);
    EXPECT_EQ(robots->at(0).name, "robot$a");
    EXPECT_EQ(robots->at(1).id, 2);
    EXPECT_TRUE(read_robots(json(200, "null"))->empty());
    EXPECT_TRUE(read_robots(json(200, "[]"))->empty());
    EXPECT_FALSE(read_robots(json(200, "{}")));
    EXPECT_FALSE(read_robots(json(200, R"([{"name":"robot$a"}])")));
    EXPECT_FALSE(read_robots(json(200, R"(["robot$a"])")));
    EXPECT_EQ(read_robots(json(403, error_body("FORBIDDEN", "no"))).error().kind,
              ErrorKind::Forbidden);
}

TEST(HarborResponses, takes_one_that_is_gone_for_deleted) {
    EXPECT_TRUE(read_deleted_robot(json(200, "")));
    EXPECT_TRUE(read_deleted_robot(json(404, error_body("NOT_FOUND", "gone"))));
    EXPECT_EQ(read_deleted_robot(json(403, error_body("FORBIDDEN", "no"))).error().kind,
              ErrorKind::Forbidden);
    EXPECT_EQ(read_deleted_robot(json(500, "")).error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace rt::op::harbor
