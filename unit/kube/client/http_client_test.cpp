#include "lib/kube/client/http_client.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/kube/core/status.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using test::ScriptedTransport;

std::string status_json(int code, std::string const& reason) {
    return Json{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", "the message"}}
        .dump();
}

class HttpClientTest : public ::testing::Test {
  public:
    HttpClientTest() {
        std::string name = (std::filesystem::temp_directory_path() / "client-XXXXXX").string();
        folder = mkdtemp(name.data());
        config.server = "https://api:6443";
        config.token = SecretString("tkn");
    }
    ~HttpClientTest() override {
        client.reset();
        std::filesystem::remove_all(folder);
    }
    HttpClientTest(HttpClientTest const&) = delete;
    HttpClientTest& operator=(HttpClientTest const&) = delete;

    void connect() {
        auto made = make_client_over(
            [this](http::CurlTransportOptions options) {
                ca_seen.push_back(options.tls.ca_pem);
                system_cas_seen = options.tls.use_system_cas;
                return api;
            },
            std::move(config), clock);
        ASSERT_TRUE(made) << made.error().message;
        client = *std::move(made);
    }
    std::string file(std::string const& name, std::string const& content) {
        std::ofstream(folder / name) << content;
        return folder / name;
    }

    std::filesystem::path folder;
    test::FakeClock clock;
    std::shared_ptr<ScriptedTransport> api = std::make_shared<ScriptedTransport>();
    std::vector<std::string> ca_seen;
    bool system_cas_seen = true;
    ClientConfig config;
    std::unique_ptr<Client> client;
};

TEST_F(HttpClientTest, GetsAnObjectWithTheToken) {
    connect();
    api->expect("GET", "https://api:6443/api/v1/namespaces/n/secrets/s")
        .with_header("Authorization", "Bearer tkn")
        .with_header("Accept", "application/json")
        .answer(200, R"({"metadata":{"name":"s"}})");
    auto const object = client->get(types::secrets, {"n", "s"}, {});
    ASSERT_TRUE(object);
    EXPECT_EQ((*object)["metadata"]["name"], "s");
}

TEST_F(HttpClientTest, ErrorsSayWhatWeDidAndWhatTheServerSaid) {
    connect();
    api->expect("GET", "https://api:6443/api/v1/namespaces/n/secrets/s")
        .answer(404, status_json(404, "NotFound"));
    auto const absent = client->get(types::secrets, {"n", "s"}, {});
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(absent.error().code, "NotFound");
    EXPECT_EQ(absent.error().http_status, 404);
    EXPECT_EQ(absent.error().message, "get secrets n/s: the message");

    api->expect("GET", "https://api:6443/api/v1/namespaces/n/secrets/s")
        .answer(429, "", {{"Retry-After", "3"}});
    auto const throttled = client->get(types::secrets, {"n", "s"}, {});
    EXPECT_EQ(throttled.error().kind, ErrorKind::Throttled);
    EXPECT_EQ(throttled.error().retry_after, 3s);

    api->expect("GET", "https://api:6443/api/v1/namespaces/n/secrets/s")
        .fail(Error{ErrorKind::Unavailable, "connection refused"});
    EXPECT_EQ(client->get(types::secrets, {"n", "s"}, {}).error().message,
              "get secrets n/s: connection refused");

    for (char const* const garbage : {"", "{", "[]", "<html>"}) {
        api->expect("GET", "https://api:6443/api/v1/namespaces/n/secrets/s").answer(200, garbage);
        EXPECT_EQ(client->get(types::secrets, {"n", "s"}, {}).error().kind, ErrorKind::Corrupt)
            << garbage;
    }
}

TEST_F(HttpClientTest, Impersonates) {
    config.impersonate_user = "alice";
    config.impersonate_groups = {"g"};
    connect();
    api->expect("GET", "https://api:6443/version")
        .with_header("Impersonate-User", "alice")
        .with_header("Impersonate-Group", "g")
        .answer(200, "{}");
    EXPECT_TRUE(client->raw_get("/version", {}));
}

TEST_F(HttpClientTest, ReadsTheTokenFileAgainAfterAMinute) {
    config.token_file = file("token", "first\n");
    connect();
    auto const expect_token = [&](std::string const& token) {
        api->expect("GET", "https://api:6443/version")
            .with_header("Authorization", "Bearer " + token)
            .answer(200, "{}");
        EXPECT_TRUE(client->raw_get("/version", {}));
    };
    expect_token("first");
    file("token", "second");
    clock.advance(59s);
    expect_token("first");
    clock.advance(1s);
    expect_token("second");
    // A file that is gone or empty changes nothing.
    file("token", "\n");
    clock.advance(60s);
    expect_token("second");
    std::filesystem::remove(folder / "token");
    clock.advance(60s);
    expect_token("second");
}

TEST_F(HttpClientTest, TriesOnceMoreAfter401WithTheNewToken) {
    config.token_file = file("token", "first");
    connect();
    api->expect("GET", "https://api:6443/version")
        .with_header("Authorization", "Bearer first")
        .answer(401, status_json(401, "Unauthorized"))
        .then_do([&](http::Request const&) { file("token", "second"); });
    api->expect("GET", "https://api:6443/version")
        .with_header("Authorization", "Bearer second")
        .answer(200, "{}");
    EXPECT_TRUE(client->raw_get("/version", {}));
    // Nothing new to try with: one attempt.
    api->expect("GET", "https://api:6443/version").answer(401, status_json(401, "Unauthorized"));
    EXPECT_EQ(client->raw_get("/version", {}).error().kind, ErrorKind::Unauthenticated);
}

TEST_F(HttpClientTest, ReloadsTheCaAndTrustsNothingElse) {
    config.ca_file = file("ca.crt", "CA 1");
    connect();
    EXPECT_EQ(ca_seen, std::vector<std::string>{"CA 1"});
    EXPECT_FALSE(system_cas_seen);
    file("ca.crt", "CA 2");
    clock.advance(60s);
    api->expect("GET", "https://api:6443/version").answer(200, "{}");
    EXPECT_TRUE(client->raw_get("/version", {}));
    EXPECT_EQ(ca_seen, (std::vector<std::string>{"CA 1", "CA 2"}));
    file("ca.crt", "");
    clock.advance(60s);
    api->expect("GET", "https://api:6443/version").answer(200, "{}");
    EXPECT_TRUE(client->raw_get("/version", {}));
    EXPECT_EQ(ca_seen.size(), 2U);
}

TEST_F(HttpClientTest, AFileThatIsMissingAtTheStartIsAnError) {
    config.token_file = folder / "absent";
    auto const made = make_client_over([this](http::CurlTransportOptions) { return api; },
                                       std::move(config), clock);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("absent"), std::string::npos);
}

TEST_F(HttpClientTest, ListsGiveItemsTheirKind) {
    connect();
    api->expect("GET", "https://api:6443/api/v1/pods?limit=2")
        .answer(200, R"({"kind":"PodList","metadata":{"resourceVersion":"9","continue":"c"},
                         "items":[{"metadata":{"name":"a"}}]})");
    ListOptions options;
    options.limit = 2;
    auto const page = client->list_page(types::pods, options, "", {});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->resource_version, "9");
    EXPECT_EQ(page->continue_token, "c");
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0]["kind"], "Pod");
    EXPECT_EQ(page->items[0]["apiVersion"], "v1");

    api->expect("GET", "https://api:6443/api/v1/pods")
        .answer(200, R"({"metadata":{"resourceVersion":"9"},"items":null})");
    EXPECT_TRUE(client->list_page(types::pods, {}, "", {})->items.empty());
    for (char const* const odd : {"{}", R"({"metadata":{"resourceVersion":"9"},"items":{}})"}) {
        api->expect("GET", "https://api:6443/api/v1/pods").answer(200, odd);
        EXPECT_EQ(client->list_page(types::pods, {}, "", {}).error().kind, ErrorKind::Corrupt);
    }
}

TEST_F(HttpClientTest, ListAllFollowsPagesAndStartsOverWhenTheyExpire) {
    connect();
    ListOptions options;
    options.limit = 1;
    auto const page = [](char const* name, char const* next) {
        return Json{{"metadata", {{"resourceVersion", "9"}, {"continue", next}}},
                    {"items", {{{"metadata", {{"name", name}}}}}}}
            .dump();
    };
    api->expect("GET", "https://api:6443/api/v1/pods?limit=1").answer(200, page("a", "x"));
    api->expect("GET", "https://api:6443/api/v1/pods?limit=1&continue=x")
        .answer(200, page("b", ""));
    auto const all = list_all(*client, types::pods, options, {});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->items.size(), 2U);

    api->expect("GET", "https://api:6443/api/v1/pods?limit=1").answer(200, page("a", "x"));
    api->expect("GET", "https://api:6443/api/v1/pods?limit=1&continue=x")
        .answer(410, status_json(410, "Expired"));
    api->expect("GET", "https://api:6443/api/v1/pods").answer(200, page("whole", ""));
    auto const whole = list_all(*client, types::pods, options, {});
    ASSERT_TRUE(whole);
    ASSERT_EQ(whole->items.size(), 1U);
    EXPECT_EQ(key_of(whole->items[0]).name, "whole");
}

TEST_F(HttpClientTest, WritesGoOutAsTheyShould) {
    connect();
    Json const secret = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", {{"name", "s"}, {"namespace", "n"}}}};
    api->expect("PATCH", "https://api:6443/api/v1/namespaces/n/secrets/s?fieldManager=m&force=true")
        .with_header("Content-Type", "application/apply-patch+yaml")
        .with_body(secret.dump())
        .answer(201, secret.dump());
    EXPECT_TRUE(client->apply(types::secrets, secret, {"m"}, {}));
    api->expect("DELETE", "https://api:6443/api/v1/namespaces/n/secrets/s")
        .with_body_that(
            "has the uid",
            [](std::string const& body) { return body.find(R"("uid":"u")") != std::string::npos; })
        .answer(409, status_json(409, "Conflict"));
    EXPECT_EQ(client->remove(types::secrets, {"n", "s"}, {"u", ""}, {}).error().kind,
              ErrorKind::Conflict);
}

TEST_F(HttpClientTest, NeverSendsAWriteWithoutAName) {
    connect();
    EXPECT_EQ(client->remove(types::secrets, {"n", ""}, {}, {}).error().kind, ErrorKind::Internal);
    EXPECT_EQ(client->remove(types::secrets, {"", "s"}, {}, {}).error().kind, ErrorKind::Internal);
    EXPECT_EQ(client->apply(types::secrets, Json::object(), {"m"}, {}).error().kind,
              ErrorKind::Internal);
    EXPECT_EQ(client->update(types::secrets, Json::object(), "", {}).error().kind,
              ErrorKind::Internal);
    EXPECT_TRUE(api->requests().empty());
}

TEST_F(HttpClientTest, WatchesDeliverEventsFromChunksOfAnyCut) {
    connect();
    std::string const added = R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})";
    std::string const deleted = R"({"type":"DELETED","object":{"metadata":{"name":"b"}}})";
    api->expect("GET", "https://api:6443/api/v1/pods")
        .any_query()
        .stream({added.substr(0, 10), added.substr(10) + "\n" + deleted, "\n", "{\"type\":\"ADD"});
    std::vector<std::string> seen;
    auto const watched = client->watch(types::pods, {},
                                       [&](WatchEvent const& event) {
                                           seen.push_back(key_of(*event.object).name);
                                           return true;
                                       },
                                       {});
    EXPECT_TRUE(watched);
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

TEST_F(HttpClientTest, WatchesReportErrorsInAndBeforeTheStream) {
    connect();
    auto const watch = [&] {
        return client->watch(types::pods, {}, [](WatchEvent const&) { return true; }, {});
    };
    api->expect("GET", "https://api:6443/api/v1/pods")
        .any_query()
        .stream({R"({"type":"ERROR","object":)" + status_json(410, "Expired") + "}\n"});
    EXPECT_EQ(watch().error().kind, ErrorKind::Expired);
    api->expect("GET", "https://api:6443/api/v1/pods")
        .any_query()
        .answer(403, status_json(403, "Forbidden"));
    EXPECT_EQ(watch().error().kind, ErrorKind::Forbidden);
    api->expect("GET", "https://api:6443/api/v1/pods").any_query().stream({"garbage\n"});
    EXPECT_EQ(watch().error().kind, ErrorKind::Corrupt);
    api->expect("GET", "https://api:6443/api/v1/pods")
        .any_query()
        .fail(Error{ErrorKind::DeadlineExceeded, "idle"});
    EXPECT_EQ(watch().error().kind, ErrorKind::DeadlineExceeded);
}

}  // namespace
}  // namespace rt::kube
