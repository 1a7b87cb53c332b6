#include "operator/cloud/harbor/source.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/cloud/harbor/robot_name.hpp"
#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::harbor {
namespace {

using namespace std::chrono_literals;
using Kind = tenancy::AllowEntry::Kind;

std::string const robots_url = "https://harbor.example.com/api/v2.0/robots";
/// 2026-01-02T03:04:05Z, where the fake clock starts.
std::int64_t const start = 1'767'323'045;

std::string created(std::int64_t expires) {
    return R"({"id":42,"name":"robot$rt.made","secret":"S3cret","expires_at":)" +
           std::to_string(expires) + "}";
}

std::string error_body(std::string const& code, std::string const& message) {
    return R"({"errors":[{"code":")" + code + R"(","message":")" + message + R"("}]})";
}

class HarborSourceTest : public SourceTest {
  protected:
    HarborSourceTest() : SourceTest("harbor", tenancy::RegistryType::Harbor, "harbor.example.com") {
        registry_->harbor = tenancy::HarborSpec{"https://harbor.example.com", {}};
        registry_->harbor->identity.type = tenancy::Identity::Type::AccessKey;
        registry_->harbor->identity.secret_name = "harbor-robot";
        spec_.allow = {{Kind::Namespace, "cainiao", ""}, {Kind::Namespace, "base", ""}};
        put_secret("harbor-robot", {{"username", "robot$operator"}, {"password", "P4ssword"}});
        api_.put(
            kube::types::namespaces,
            {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "kube-system"}}}});
    }
    Result<RegistryCredential> mint() {
        return source_->mint({spec_, "cainiao-prod", "demo"}, std::stop_token());
    }
    std::string mark() {
        auto const ns = api_.get(kube::types::namespaces, {"", "kube-system"}, {});
        return cluster_mark((*ns)["metadata"]["uid"].get<std::string>());
    }
    std::string name_of(std::string const& ns, std::int64_t issued) {
        return robot_name(mark(), "demo", ns, "harbor", WallTime(std::chrono::seconds(issued)));
    }
    std::string list_url(int page) {
        return robots_url + "?q=name%3D~rt." + mark() + ".&page=" + std::to_string(page) +
               "&page_size=50";
    }
    Result<SweepResult> sweep(std::vector<HeldCredential> held) {
        return source_->sweep({registry_, std::move(held), 60s}, std::stop_token());
    }

    std::unique_ptr<CredentialSource> source_ = make_source(context());
};

TEST_F(HarborSourceTest, makes_a_robot_of_the_namespaces_own) {
    Json sent;
    clouds_.expect("POST", robots_url)
        .with_header("authorization", "Basic " + base64_encode("robot$operator:P4ssword"))
        .then_do([&](http::Request const& request) { sent = *parse_json(request.body); })
        .answer(201, created(start + 7 * 86400), {{"date", "Fri, 02 Jan 2026 03:04:05 GMT"}});
    auto const credential = mint();
    ASSERT_TRUE(credential) << credential.error().message;
    EXPECT_EQ(credential->username, "robot$rt.made");
    EXPECT_EQ(credential->password.reveal(), "S3cret");
    EXPECT_EQ(credential->issued_at, WallTime(std::chrono::seconds(start)));
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 7 * 24h);
    EXPECT_EQ(sent["name"], name_of("cainiao-prod", start));
    EXPECT_EQ(sent["duration"], 7);
    EXPECT_EQ(sent["level"], "system");
    ASSERT_EQ(sent["permissions"].size(), 2U);
    EXPECT_EQ(sent["permissions"][0]["namespace"], "base");
    EXPECT_EQ(sent["permissions"][1]["namespace"], "cainiao");
    EXPECT_NE(sent["description"].get<std::string>().find("cainiao-prod"), std::string::npos);
}

TEST_F(HarborSourceTest, counts_lives_by_Harbors_clock) {
    // Harbor is a day ahead: what it calls two days from ours is one day of life.
    clouds_.expect("POST", robots_url)
        .answer(201, created(start + 2 * 86400), {{"date", "Sat, 03 Jan 2026 03:04:05 GMT"}});
    auto const credential = mint();
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 24h);
}

TEST_F(HarborSourceTest, replaces_one_that_never_ends_as_if_it_did) {
    clouds_.expect("POST", robots_url).answer(201, created(-1));
    EXPECT_EQ(mint()->expires_at, clock_.wall_now() + 7 * 24h);
    clouds_.expect("POST", robots_url).answer(201, created(start + 30 * 86400));
    EXPECT_EQ(mint()->expires_at, clock_.wall_now() + 7 * 24h);
}

TEST_F(HarborSourceTest, refuses_what_arrives_expired) {
    clouds_.expect("POST", robots_url).answer(201, created(start - 1));
    EXPECT_EQ(mint().error().kind, ErrorKind::Expired);
}

TEST_F(HarborSourceTest, is_never_wider_than_projects_unless_the_registry_says_so) {
    for (tenancy::AllowEntry const& entry :
         {tenancy::AllowEntry{Kind::Repository, "base/jdk", ""},
          tenancy::AllowEntry{Kind::Namespace, "base/images", ""},
          tenancy::AllowEntry{Kind::WholeRegistry, "", ""}}) {
        spec_.allow = {{Kind::Namespace, "cainiao", ""}, entry};
        auto const refused = mint();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::InvalidArgument);
        EXPECT_NE(refused.error().message.find(entry.display()), std::string::npos)
            << refused.error().message;
    }
    registry_->allow_unnarrowed = true;
    std::vector<std::string> projects;
    auto const keep = [&](http::Request const& request) {
        Json const body = *parse_json(request.body);
        for (Json const& permission : body["permissions"]) {
            projects.push_back(permission["namespace"]);
        }
    };
    spec_.allow = {{Kind::Repository, "base/jdk", ""}, {Kind::Namespace, "base/images", ""}};
    clouds_.expect("POST", robots_url).then_do(keep).answer(201, created(start + 86400));
    ASSERT_TRUE(mint());
    EXPECT_EQ(projects, std::vector<std::string>{"base"});
    projects.clear();
    spec_.allow = {{Kind::Namespace, "cainiao", ""}, {Kind::WholeRegistry, "", ""}};
    clouds_.expect("POST", robots_url).then_do(keep).answer(201, created(start + 86400));
    ASSERT_TRUE(mint());
    EXPECT_EQ(projects, std::vector<std::string>{"*"});
}

TEST_F(HarborSourceTest, reads_a_replaced_login_at_once_where_Harbor_refuses_the_old_one) {
    clouds_.expect("POST", robots_url).answer(201, created(start + 86400));
    ASSERT_TRUE(mint());
    put_secret("harbor-robot", {{"username", "robot$operator"}, {"password", "N3wPassword"}});
    clouds_.expect("POST", robots_url)
        .with_header("authorization", "Basic " + base64_encode("robot$operator:P4ssword"))
        .answer(401, error_body("UNAUTHORIZED", "unauthorized"));
    clouds_.expect("POST", robots_url)
        .with_header("authorization", "Basic " + base64_encode("robot$operator:N3wPassword"))
        .answer(201, created(start + 86400));
    EXPECT_TRUE(mint());
}

TEST_F(HarborSourceTest, tries_a_refused_login_no_third_time) {
    clouds_.expect("POST", robots_url)
        .answer(401, error_body("UNAUTHORIZED", "unauthorized"))
        .times(2);
    auto const refused = mint();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Unauthenticated);
    EXPECT_NE(refused.error().message.find("Creating a robot at https://harbor.example.com"),
              std::string::npos)
        << refused.error().message;
    EXPECT_EQ(refused.error().message.find("P4ssword"), std::string::npos);
}

TEST_F(HarborSourceTest, says_what_of_the_login_is_missing) {
    put_secret("harbor-robot", {{"username", "robot$operator"}});
    auto const refused = mint();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::NotFound);
    EXPECT_NE(refused.error().message.find("password"), std::string::npos);
}

TEST_F(HarborSourceTest, passes_on_why_Harbor_makes_none) {
    clouds_.expect("POST", robots_url)
        .answer(404, error_body("NOT_FOUND", "project base not found"));
    auto const missing = mint();
    EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
    EXPECT_NE(missing.error().message.find("project base not found"), std::string::npos);
    clouds_.expect("POST", robots_url).fail({ErrorKind::DeadlineExceeded, "30 s"});
    EXPECT_EQ(mint().error().kind, ErrorKind::DeadlineExceeded);
    clouds_.expect("POST", robots_url).answer(201, "<html>");
    EXPECT_EQ(mint().error().kind, ErrorKind::Corrupt);
}

TEST_F(HarborSourceTest, sweeps_page_by_page_what_no_secret_holds) {
    Json first = Json::array();
    for (int i = 0; i < 50; ++i) {
        first.push_back(
            {{"id", i}, {"name", "robot$" + name_of("ns-" + std::to_string(i), start)}});
    }
    Json const second =
        Json::array({{{"id", 70}, {"name", "robot$" + name_of("cainiao-prod", start)}},
                     {{"id", 71}, {"name", "robot$" + name_of("cainiao-prod", start + 9)}},
                     {{"id", 72}, {"name", "robot$rt." + mark() + ".somebody-elses"}}});
    std::vector<HeldCredential> held{
        {"cainiao-prod", "harbor", WallTime(std::chrono::seconds(start + 9))}};
    for (int i = 0; i < 50; ++i) {
        held.push_back(
            {"ns-" + std::to_string(i), "harbor", WallTime(std::chrono::seconds(start))});
    }
    auto const expect_lists = [&] {
        clouds_.expect("GET", list_url(1)).answer(200, first.dump());
        clouds_.expect("GET", list_url(2)).answer(200, second.dump());
    };
    expect_lists();
    auto const before = sweep(held);
    ASSERT_TRUE(before) << before.error().message;
    EXPECT_EQ(before->removed, 0U);
    EXPECT_EQ(before->waiting, 1U);
    clock_.advance(60s);
    expect_lists();
    clouds_.expect("DELETE", robots_url + "/70").answer(200);
    auto const after = sweep(held);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ(after->removed, 1U);
    EXPECT_EQ(after->waiting, 0U);
}

TEST_F(HarborSourceTest, a_sweep_that_fails_deletes_nothing) {
    Json const robots =
        Json::array({{{"id", 70}, {"name", "robot$" + name_of("gone", start - 86400)}}});
    clouds_.expect("GET", list_url(1)).answer(200, robots.dump());
    ASSERT_TRUE(sweep({}));
    clock_.advance(60s);
    clouds_.expect("GET", list_url(1)).answer(403, error_body("FORBIDDEN", "forbidden"));
    EXPECT_EQ(sweep({}).error().kind, ErrorKind::Forbidden);
    clouds_.expect("GET", list_url(1)).answer(200, robots.dump());
    clouds_.expect("DELETE", robots_url + "/70").answer(500, "");
    EXPECT_EQ(sweep({}).error().kind, ErrorKind::Unavailable);
    clouds_.expect("GET", list_url(1)).answer(200, robots.dump());
    clouds_.expect("DELETE", robots_url + "/70").answer(404, error_body("NOT_FOUND", "gone"));
    EXPECT_EQ(sweep({})->removed, 1U);
}

TEST_F(HarborSourceTest, ids_of_one_Harbor_mean_nothing_at_another) {
    auto const lists = [&](std::string const& url, std::string const& ns) {
        std::string list = list_url(1);
        list.replace(0, robots_url.size(), url);
        clouds_.expect("GET", list)
            .answer(200,
                    Json::array({{{"id", 7}, {"name", "robot$" + name_of(ns, start)}}}).dump());
    };
    HeldCredential const held{"a", "harbor", WallTime(std::chrono::seconds(start))};
    lists(robots_url, "a");
    ASSERT_TRUE(sweep({held}));
    registry_->harbor->url = "https://moved.example.com";
    for (int i = 0; i < 3; ++i) {
        // Minted there and on its way into the Secret, under a number that was another's.
        lists("https://moved.example.com/api/v2.0/robots", "b");
        auto const result = sweep({});
        ASSERT_TRUE(result);
        EXPECT_EQ(result->removed, 0U);
        clock_.advance(60s);
    }
}

TEST_F(HarborSourceTest, is_the_only_type_that_leaves_something_behind) {
    EXPECT_TRUE(source_->leaves_behind(*registry_));
    tenancy::Registry other;
    other.type = tenancy::RegistryType::DockerConfigSecret;
    EXPECT_FALSE(source_->leaves_behind(other));
}

}  // namespace
}  // namespace rt::op::harbor
