#include <algorithm>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/harbor.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

std::string const& host = harbor_host;

/// Names of the robots that have this in their name, oldest first, separated by one space.
std::string robots_named(std::string const& part) {
    std::string names;
    for (Json const& robot : harbor_robots(part)) {
        names += (names.empty() ? "" : " ") + text_at(robot, "/name");
    }
    return names;
}

std::string why_not_robots(std::string const& part, std::string const& wanted) {
    std::string const names = robots_named(part);
    return names == wanted ? "" : "the robots are '" + names + "' instead of '" + wanted + "'";
}

Json const cainiao = Json::array({{{"namespace", "cainiao"}}});
Json const cainiao_and_base = Json::array({{{"namespace", "cainiao"}}, {{"namespace", "base"}}});
Json const cainiao_and_pub = Json::array({{{"namespace", "cainiao"}}, {{"namespace", "pub"}}});

class Harbor : public TenancyTest {
  protected:
    void SetUp() override { ASSERT_TRUE(apply_harbor_registry()); }
    [[nodiscard]] Json tenancy(Json const& allow,
                               std::string const& registry = "e2e-harbor") const {
        return tenancy_with({{"name", registry}, {"allow", allow}});
    }
    void expect_pulls(std::string const& pod) {
        ASSERT_TRUE(done(apply(pod_manifest(name("ns"), pod, host + "/cainiao/a1:v0.1"))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(name("ns"), pod); }));
    }
    /// Waits until the operator has looked at all robots once more, from beginning to end.
    static testing::AssertionResult swept() {
        CloudRequests const requests;
        return eventually(2 * grace + soon, [&] {
            auto const lists = requests.matching([](Json const& entry) {
                return text_at(entry, "/action") == "ListRobots" &&
                       text_at(entry, "/caller") == "robot$registry-tenancy";
            });
            return lists.size() > 1 ? "" : "seen only " + std::to_string(lists.size()) + " lists";
        });
    }
    /// A fault that meets the making of this test's robots alone.
    Fault fault(Json rule) const {
        rule["action"] = "CreateRobot";
        rule["session"] = "." + name("ns") + ".";
        return {"harbor", rule};
    }
    /// A robot of this test's own that may do what the operator needs, in the Secret name("robot").
    void make_operator_robot() {
        Json const wanted = {
            {"name", name("operator") + "-" + random_suffix()},
            {"level", "system"},
            {"duration", 1},
            {"permissions",
             Json::array(
                 {{{"kind", "system"},
                   {"namespace", "/"},
                   {"access", Json::array({access("robot", "create"), access("robot", "list"),
                                           access("robot", "delete")})}},
                  {{"kind", "project"},
                   {"namespace", "*"},
                   {"access", Json::array({access("repository", "pull")})}}})}};
        CommandResult const made = harbor_api("POST", "/robots", wanted.dump());
        Json const robot = Json::parse(made.out, nullptr, false);
        ASSERT_TRUE(made.ok() && robot.is_object()) << made.text();
        robot_id_ = robot["id"].dump();
        make_product_secret(
            name("robot"), "Opaque",
            {{"username", text_at(robot, "/name")}, {"password", text_at(robot, "/secret")}});
    }
    static Json access(std::string const& resource, std::string const& action) {
        return {{"resource", resource}, {"action", action}};
    }

    std::string robot_id_;
};

TEST_F(Harbor, pulls_with_a_robot_of_the_namespaces_own_and_from_its_projects_alone) {
    CloudRequests const requests;
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(cainiao));
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->keys(), host + "/cainiao/");
    EXPECT_EQ(secret->login().substr(0, 9), "robot$rt.");
    EXPECT_NE(secret->login().find(":RobotSecret0"), std::string::npos)
        << "the canary looks for this shape";
    EXPECT_NE(secret->user().find(".demo." + ns + "."), std::string::npos) << secret->user();
    expect_pulls("allowed");
    EXPECT_TRUE(refused(apply(pod_manifest(ns, "foreign", host + "/alipay/a1:v0.1")),
                        {"RT-NotAllowed", "cainiao"}));
    auto const created = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "CreateRobot" &&
               text_at(entry, "/session").find("." + ns + ".") != std::string::npos;
    });
    ASSERT_EQ(created.size(), 1U);
    EXPECT_EQ(text_at(created[0], "/caller"), "robot$registry-tenancy");

    // The credential, carried elsewhere under a key for the whole host: only Harbor says no now.
    std::string const elsewhere = make_namespace("elsewhere");
    ASSERT_TRUE(carry(secret->login(), host, elsewhere));
    for (std::string const project : {"cainiao", "alipay"}) {
        ASSERT_TRUE(start_carried(elsewhere, project, host + "/" + project + "/a1:v0.1"));
    }
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "cainiao"); }));
    EXPECT_TRUE(refused_by_registry(elsewhere, "alipay", {"authoriz"}));
}

TEST_F(Harbor, leaves_the_old_robot_to_the_nodes_for_the_grace_and_then_deletes_it) {
    std::string const ns = make_namespace("ns");
    {
        // Lives for two minutes and is renewed after about one.
        Fault const brief = fault({{"mode", "short"}, {"seconds", 120}});
        make_ready_with(tenancy(cainiao));
    }
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    std::string const old_robot = before->user();
    EXPECT_EQ(why_not_robots("." + ns + ".", old_robot), "");
    ASSERT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && now->login() != before->login() ? "" : "the robot was not renewed";
    }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    std::string const new_robot = after->user();
    EXPECT_EQ(why_not_robots("." + ns + ".", old_robot + " " + new_robot), "")
        << "nodes may still hold the old one";
    EXPECT_TRUE(eventually(soon, [&] { return why_not_robots("." + ns + ".", new_robot); }));
    expect_pulls("after");
}

TEST_F(Harbor, a_rotation_makes_a_new_robot_and_the_old_one_is_refused_soon_after) {
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(cainiao));
    auto const leaked = pull_secret(ns);
    ASSERT_TRUE(leaked);
    std::string const elsewhere = make_namespace("elsewhere");
    ASSERT_TRUE(carry(leaked->login(), host, elsewhere));
    ASSERT_TRUE(start_carried(elsewhere, "before", host + "/cainiao/a1:v0.1"));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "before"); }));
    ASSERT_TRUE(done(kubectl(
        {"annotate", "registrytenancy", name("tenancy"), "registrytenancy.dev/rotate=leak"})));
    ASSERT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && now->login() != leaked->login() ? "" : "the robot was not replaced";
    }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, leaked->uid);
    EXPECT_TRUE(eventually(2 * grace + soon,
                           [&] { return why_not_robots("." + ns + ".", after->user()); }));
    ASSERT_TRUE(start_carried(elsewhere, "after", host + "/cainiao/a1:v0.1"));
    EXPECT_TRUE(refused_by_registry(elsewhere, "after", {"authoriz"}));
    expect_pulls("after");
}

TEST_F(Harbor, takes_the_robots_of_a_deleted_tenancy_away_and_no_others) {
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(cainiao));
    ASSERT_NE(robots_named("." + ns + "."), "");
    // Somebody's own, and another cluster's of the same clusterName and namespace.
    std::string const permissions = R"("permissions":[{"kind":"project","namespace":"cainiao",)"
                                    R"("access":[{"resource":"repository","action":"pull"}]}]})";
    std::string const own = name("backup");
    std::string const other = "rt.0123456789ab.demo." + ns + ".0123456789ab.1700000000";
    for (std::string const& robot : {own, other}) {
        ASSERT_TRUE(done(harbor_api(
            "POST", "/robots",
            R"({"name":")" + robot + R"(","level":"system","duration":1,)" + permissions)));
    }
    ASSERT_TRUE(swept());
    ASSERT_TRUE(done(kubectl({"delete", "registrytenancy", name("tenancy"), "--wait=false"})));
    EXPECT_TRUE(eventually(2 * grace + soon,
                           [&] { return why_not_robots("." + ns + ".", "robot$" + other); }));
    for (std::string const& robot : {own, other}) {
        CommandResult const listed = harbor_api("GET", "/robots?q=name%3D" + robot);
        Json const list = Json::parse(listed.out, nullptr, false);
        ASSERT_TRUE(listed.ok() && list.size() == 1) << listed.text();
        EXPECT_TRUE(done(harbor_api("DELETE", "/robots/" + list[0]["id"].dump())));
    }
}

// Its Secret goes with it, and nobody tells the operator to clean up.
TEST_F(Harbor, takes_the_robots_of_a_deleted_namespace_away) {
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(cainiao));
    ASSERT_TRUE(eventually(
        soon, [&] { return pull_secret(ns) ? std::string() : "no pull Secret in " + ns; }));
    ASSERT_NE(robots_named("." + ns + "."), "");
    ASSERT_TRUE(swept());
    ASSERT_TRUE(done(kubectl({"delete", "namespace", ns, "--wait=false"})));
    EXPECT_TRUE(eventually(2 * grace + soon, [&] { return why_not_robots("." + ns + ".", ""); }));
}

TEST_F(Harbor, refuses_paths_that_a_robot_cannot_be_narrowed_to) {
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    CommandResult const applied =
        apply(tenancy(Json::array({{{"namespace", "cainiao"}}, {{"repository", "base/jdk"}}})));
    if (applied.ok()) {
        EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
        EXPECT_NE(ready_text(name("tenancy")).find("base/jdk"), std::string::npos)
            << ready_text(name("tenancy"));
    } else {
        EXPECT_TRUE(refused(applied, {"base/jdk", "project"}));
    }
    EXPECT_FALSE(pull_secret(ns)) << "nothing wider took its place";
}

/// Harbor has no failure of clocks: robots log in with a password, and what arrives expired is
/// below.
std::vector<Trouble> troubles() {
    auto const making_a_robot = [](std::string const& name, Json rule, char const* reason,
                                   std::string const& code,
                                   std::vector<std::string> const& words = {}) {
        rule["action"] = "CreateRobot";
        return Trouble{name, fault_for_namespace("harbor", rule), reason, code, words};
    };
    return {
        making_a_robot("does_not_know_us", error_rule("UNAUTHORIZED", 401, "unauthorized"), denied,
                       "UNAUTHORIZED", {"put a valid one into the Secret"}),
        making_a_robot("forbids", error_rule("DENIED", 403, "exceeds the creator's scope"), denied,
                       "DENIED", {"no robot can give what it doesn't have"}),
        making_a_robot("has_no_such_project",
                       error_rule("NOT_FOUND", 404, "project base not found"), denied, "NOT_FOUND",
                       {"project base not found"}),
        making_a_robot("has_that_name_already", error_rule("CONFLICT", 409, "already exists"),
                       unavailable, "CONFLICT"),
        making_a_robot("throttles", {{"mode", "throttle"}}, unavailable, "TOO_MANY_REQUEST"),
        making_a_robot("is_broken", error_rule("UNKNOWN", 500, "internal server error"),
                       unavailable, "UNKNOWN"),
        making_a_robot("leads_elsewhere", error_rule("", 308, ""), denied, "InvalidArgument",
                       {"redirects are not followed"}),
        making_a_robot("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        making_a_robot("answers_nothing", {{"mode", "empty"}}, unavailable, "Corrupt"),
        making_a_robot("hangs", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded",
                       {"no complete answer"}),
        making_a_robot("hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
                       {"arrived already expired", "compare the clocks"}),
    };
}

class HarborFaults : public Harbor, public testing::WithParamInterface<std::size_t> {};

TEST_P(HarborFaults, keep_the_secret_that_works) {
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(cainiao));
    expect_last_good_stays(troubles()[GetParam()],
                           {name("tenancy"),
                            {ns, ""},
                            {tenancy(cainiao_and_base), tenancy(cainiao_and_pub)},
                            host + "/cainiao/a1:v0.1",
                            "robot$"});
}

INSTANTIATE_TEST_SUITE_P(Each, HarborFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

/// Somebody deletes the robot that the operator is at Harbor, and later makes another one. The
/// Registry is this test's own: its host is not Harbor's, so that nothing is pulled.
TEST_F(Harbor, keeps_the_secret_where_the_operators_own_robot_is_deleted) {
    make_operator_robot();
    make_registry({{"type", "Harbor"},
                   {"harbor",
                    {{"url", "https://" + host},
                     {"identity",
                      {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("robot")}}}}}}}});
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(cainiao, name("registry")));
    Trouble const trouble{"the_robot_is_deleted",
                          [&](Victim const&) {
                              EXPECT_TRUE(done(harbor_api("DELETE", "/robots/" + robot_id_)));
                              return std::shared_ptr<void>(nullptr,
                                                           [&](void*) { make_operator_robot(); });
                          },
                          denied,
                          "UNAUTHORIZED",
                          {"that robot was deleted, disabled or has expired"},
                          false};
    expect_last_good_stays(trouble, {name("tenancy"),
                                     {ns, ""},
                                     {tenancy(cainiao_and_base, name("registry")),
                                      tenancy(cainiao_and_pub, name("registry"))},
                                     "",
                                     "robot$"});
    EXPECT_TRUE(done(harbor_api("DELETE", "/robots/" + robot_id_)));
}

}  // namespace
}  // namespace e2e
