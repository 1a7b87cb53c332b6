#include <cpprest/json.h>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/harbor.hpp"
#include "e2e/sim/test/simulator_test.hpp"

namespace sim {
namespace {

using web::json::value;

std::string const admin = "admin:simulated-password-of-the-admin";
std::string const operators_robot =
    "robot$registry-tenancy:simulated-secret-of-registry-tenancys-robot";

/// A robot that may pull from these projects.
std::string robot_body(std::string const& name, std::vector<std::string> const& projects,
                       long days = 7, std::string const& action = "pull") {
    value permissions = value::array();
    for (std::string const& project : projects) {
        value access = value::object();
        access["resource"] = value::string("repository");
        access["action"] = value::string(action);
        value entry = value::object();
        entry["kind"] = value::string("project");
        entry["namespace"] = value::string(project);
        entry["access"] = value::array({access});
        permissions[permissions.size()] = entry;
    }
    value body = value::object();
    body["name"] = value::string(name);
    body["level"] = value::string("system");
    body["duration"] = value::number(static_cast<int64_t>(days));
    body["permissions"] = permissions;
    return body.serialize();
}

class HarborTest : public SimulatorTest {
  protected:
    HarborTest() {
        for (std::string const repository : {"cainiao/a1", "alipay/a1", "pub/a1"}) {
            store(repository);
        }
    }

    Response ask(std::string const& method, std::string const& path, std::string const& login = "",
                 std::string const& body = "", std::string const& bearer = "") {
        Request request{method, path, "", {{"host", "harbor.example.com"}}, body};
        if (std::size_t const mark = path.find('?'); mark != std::string::npos) {
            request.path = path.substr(0, mark);
            request.query = path.substr(mark + 1);
        }
        if (!login.empty()) {
            request.headers["authorization"] = "Basic " + base64_encode(login);
        }
        if (!bearer.empty()) {
            request.headers["authorization"] = "Bearer " + bearer;
        }
        return SimulatorTest::ask(harbor, "harbor", request);
    }
    Response make(std::string const& body, std::string const& login = operators_robot) {
        return ask("POST", "/api/v2.0/robots", login, body);
    }
    /// Robot 1, rt.one, written anew; `project` empty: without any permission. The status.
    int put(std::string const& login, std::string const& project, bool disable) {
        value body = value::parse(robot_body("robot$rt.one", {project}, 1));
        body["disable"] = value::boolean(disable);
        if (project.empty()) {
            body["permissions"] = value::array();
        }
        return ask("PUT", "/api/v2.0/robots/1", login, body.serialize()).status;
    }
    /// NAME:SECRET of a new robot.
    std::string login_of(Response const& response) {
        EXPECT_EQ(response.status, 201) << response.body;
        value const body = value::parse(response.body);
        return body.at("name").as_string() + ":" + body.at("secret").as_string();
    }
    /// As containerd does: token, then manifest.
    int pull(std::string const& repository, std::string const& login) {
        Response const granted = ask("GET",
                                     "/service/token?service=harbor-registry&scope=repository%3A" +
                                         percent_encode(repository) + "%3Apull",
                                     login);
        if (granted.status != 200) {
            return granted.status;
        }
        std::string const token = value::parse(granted.body).at("token").as_string();
        return ask("GET", "/v2/" + repository + "/manifests/v0.1", "", "", token).status;
    }
    std::string error_code(Response const& response) {
        return value::parse(response.body).at("errors").at(0).at("code").as_string();
    }

    Harbor harbor{folder};
};

TEST_F(HarborTest, ARobotPullsFromItsProjectsAlone) {
    Response const response = make(robot_body("rt.one", {"cainiao"}));
    std::string const login = login_of(response);
    EXPECT_EQ(login.substr(0, 13), "robot$rt.one:");
    value const body = value::parse(response.body);
    EXPECT_EQ(body.at("expires_at").as_number().to_int64(), 1767323045 + 7 * 86400);
    EXPECT_EQ(pull("cainiao/a1", login), 200);
    EXPECT_EQ(pull("cainiao/none", login), 404);
    EXPECT_EQ(pull("alipay/a1", login), 401);
    EXPECT_EQ(pull("pub/a1", login), 200);
    EXPECT_EQ(pull("pub/a1", ""), 200);
    EXPECT_EQ(pull("cainiao/a1", ""), 401);
    EXPECT_EQ(pull("cainiao/a1", "robot$rt.one:wrong"), 401);
    EXPECT_EQ(pull("alipay/a1", login_of(make(robot_body("rt.all", {"*"})))), 200);
}

TEST_F(HarborTest, ARobotEndsWithItsLifeOrWhenItIsDisabledOrDeleted) {
    std::string const login = login_of(make(robot_body("rt.one", {"cainiao"}, 1)));
    now += std::chrono::hours(23);
    EXPECT_EQ(pull("cainiao/a1", login), 200);
    EXPECT_EQ(put(operators_robot, "cainiao", true), 403) << "updating can't be granted to robots";
    EXPECT_EQ(put(admin, "cainiao", true), 200);
    EXPECT_EQ(pull("cainiao/a1", login), 401);
    EXPECT_EQ(ask("GET", "/service/token?service=harbor-registry", login).status, 401);
    EXPECT_EQ(put(admin, "alipay", false), 200);
    EXPECT_EQ(pull("cainiao/a1", login), 401);
    EXPECT_EQ(pull("alipay/a1", login), 200);
    EXPECT_EQ(ask("GET", "/service/token?service=harbor-registry", login).status, 200);
    EXPECT_EQ(put(admin, "cainiao", false), 200);
    EXPECT_EQ(pull("cainiao/a1", login), 200);
    EXPECT_EQ(put(admin, "", false), 400) << "an update says everything anew";
    now += std::chrono::hours(1);
    EXPECT_EQ(pull("cainiao/a1", login), 401);
    std::string const other = login_of(make(robot_body("rt.two", {"cainiao"})));
    EXPECT_EQ(ask("DELETE", "/api/v2.0/robots/2", operators_robot).status, 200);
    EXPECT_EQ(pull("cainiao/a1", other), 401);
    EXPECT_EQ(error_code(ask("DELETE", "/api/v2.0/robots/2", operators_robot)), "NOT_FOUND");
}

TEST_F(HarborTest, ARefreshedSecretEndsTheOldOneAtOnceAndProlongsNothing) {
    std::string const login = login_of(make(robot_body("rt.one", {"cainiao"})));
    EXPECT_EQ(ask("PATCH", "/api/v2.0/robots/1", operators_robot, R"({"secret":""})").status, 403);
    std::string const before = ask("GET", "/api/v2.0/robots/1", admin).body;
    Response const refreshed = ask("PATCH", "/api/v2.0/robots/1", admin, R"({"secret":""})");
    ASSERT_EQ(refreshed.status, 200);
    EXPECT_EQ(pull("cainiao/a1", login), 401);
    EXPECT_EQ(
        pull("cainiao/a1", "robot$rt.one:" + value::parse(refreshed.body).at("secret").as_string()),
        200);
    EXPECT_EQ(ask("GET", "/api/v2.0/robots/1", admin).body, before);
}

TEST_F(HarborTest, ARobotMakesNoneThatMayMoreThanItself) {
    EXPECT_EQ(error_code(make(robot_body("rt.one", {"cainiao"}, 7, "push"))), "DENIED");
    EXPECT_EQ(error_code(make(robot_body("rt.one", {"cainiao"}, 7, "pull"),
                              login_of(make(robot_body("rt.two", {"cainiao"}))))),
              "FORBIDDEN");
    EXPECT_EQ(make(robot_body("rt.one", {"cainiao"}, 7, "push"), admin).status, 201);
    EXPECT_EQ(error_code(make(robot_body("rt.three", {"cainiao"}),
                              "reader:simulated-password-of-a-reader")),
              "FORBIDDEN");
    EXPECT_EQ(error_code(make(robot_body("rt.three", {"cainiao"}), "admin:wrong")), "UNAUTHORIZED");
    EXPECT_EQ(error_code(make(robot_body("rt.three", {"cainiao"}), "")), "UNAUTHORIZED");
}

TEST_F(HarborTest, RefusesWhatHarborRefuses) {
    EXPECT_EQ(make(robot_body("rt.one", {"cainiao"})).status, 201);
    EXPECT_EQ(error_code(make(robot_body("rt.one", {"cainiao"}))), "CONFLICT");
    for (std::string const name : {"Upper", "a--b", "", "-a", "a$b", "a/b"}) {
        EXPECT_EQ(error_code(make(robot_body(name, {"cainiao"}))), "BAD_REQUEST") << name;
    }
    EXPECT_EQ(error_code(make(robot_body("rt.two", {"nowhere"}))), "NOT_FOUND");
    EXPECT_EQ(error_code(make(robot_body("rt.two", {"cainiao"}, -2))), "BAD_REQUEST");
    EXPECT_EQ(error_code(make(robot_body("rt.two", {}))), "BAD_REQUEST");
    EXPECT_EQ(error_code(make(robot_body("rt.two", {"cainiao"}, 7, "conquer"))), "BAD_REQUEST");
    EXPECT_EQ(make("not json").status, 422);
    EXPECT_EQ(ask("GET", "/api/v2.0/robots/7", admin).status, 404);
    EXPECT_EQ(ask("GET", "/api/v2.0/elsewhere", admin).status, 404);
    EXPECT_EQ(ask("POST", "/service/token", admin).status, 405);
    EXPECT_EQ(ask("GET", "/service/token?service=harbor-registry").status, 401);
    EXPECT_EQ(ask("GET", "/service/token?service=harbor-registry", admin).status, 200);
}

TEST_F(HarborTest, ListsByPartOfTheNameInPages) {
    for (int i = 0; i < 12; ++i) {
        std::string const number = std::to_string(10 + i);
        login_of(make(robot_body("rt.mine." + number, {"cainiao"})));
        login_of(make(robot_body("other." + number, {"cainiao"}), admin));
    }
    auto const names = [&](std::string const& query) {
        Response const response = ask("GET", "/api/v2.0/robots?" + query, operators_robot);
        EXPECT_EQ(response.status, 200) << response.body;
        std::string all;
        value const robots = value::parse(response.body);
        for (value const& robot : robots.as_array()) {
            all += robot.at("name").as_string().substr(6) + " ";
        }
        for (auto const& [name, text] : response.headers) {
            all += name == "X-Total-Count" ? "of " + text : "";
        }
        return all;
    };
    EXPECT_EQ(names("q=name%3D~rt.mine.&page=2&page_size=5"),
              "rt.mine.15 rt.mine.16 rt.mine.17 rt.mine.18 rt.mine.19 of 12");
    EXPECT_EQ(names("q=name%3D~rt.mine.&page=3&page_size=5"), "rt.mine.20 rt.mine.21 of 12");
    EXPECT_EQ(names("q=name%3D~rt.mine.&page=4&page_size=5"), "of 12");
    EXPECT_EQ(names("q=name%3Drt.mine.11"), "rt.mine.11 of 1");
    EXPECT_EQ(names("q=Level%3Dsystem&page_size=1"), "rt.mine.10 of 24");
    EXPECT_EQ(ask("GET", "/api/v2.0/robots?page_size=101", admin).status, 422);
    EXPECT_EQ(ask("GET", "/api/v2.0/robots", "reader:simulated-password-of-a-reader").status, 403);
    EXPECT_EQ(ask("GET", "/api/v2.0/robots").status, 401);
}

TEST_F(HarborTest, LeadsTheNodeToItsTokenService) {
    Response const ping = ask("GET", "/v2/");
    EXPECT_EQ(ping.status, 401);
    std::string challenge;
    for (auto const& [name, text] : ping.headers) {
        challenge += name == "WWW-Authenticate" ? text : "";
    }
    EXPECT_EQ(challenge,
              "Bearer realm=\"https://harbor.example.com/service/token\","
              "service=\"harbor-registry\"");
    EXPECT_EQ(ask("GET", "/v2/", login_of(make(robot_body("rt.one", {"cainiao"})))).status, 200);
    EXPECT_EQ(ask("GET", "/v2/cainiao/a1/manifests/v0.1", "", "", "forged").status, 401);
}

TEST_F(HarborTest, HandsOutShortLivesAndDeadRobotsOnDemand) {
    write_faults(
        "harbor:\n- {mode: short, seconds: 30, session: rt.short}\n"
        "- {mode: expired, session: rt.dead}\n- {mode: throttle, session: rt.busy}\n");
    std::string const brief = login_of(make(robot_body("rt.short", {"cainiao"})));
    EXPECT_EQ(pull("cainiao/a1", brief), 200);
    now += std::chrono::seconds(31);
    EXPECT_EQ(pull("cainiao/a1", brief), 401);
    EXPECT_EQ(pull("cainiao/a1", login_of(make(robot_body("rt.dead", {"cainiao"})))), 401);
    EXPECT_EQ(error_code(make(robot_body("rt.busy", {"cainiao"}))), "TOO_MANY_REQUEST");
}

}  // namespace
}  // namespace sim
