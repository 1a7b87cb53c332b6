#include "webhook/app.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "unit/support/eventually.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"
#include "unit/support/raw_client.hpp"
#include "unit/support/test_certificates.hpp"
#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"

namespace rt::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The whole program against an API server in this process and a real TLS connection.
struct Program : testing::Test {
    test::FakeClock clock;
    test::FakeRandom random;
    test::TestAuthority authority{"ca"};
    test::FakeApiServer* api = nullptr;
    std::filesystem::path folder;
    std::unique_ptr<App> app;
    std::stop_source stop;
    std::thread runner;

    Program() {
        std::string name = testing::TempDir() + "webhookXXXXXX";
        folder = mkdtemp(name.data());
        auto server = std::make_unique<test::FakeApiServer>(clock);
        api = server.get();
        for (char const* const ns : {"default", "cainiao-prod", "kube-system"}) {
            api->put(kube::types::namespaces, {{"metadata", {{"name", ns}}}});
        }
        api->put(kube::types::registries, test::registry_object("shared-acr", test::acr_host));
        api->put(kube::types::registry_tenancies,
                 test::tenancy_object("cainiao", {"cainiao-prod"}));
        client_ = std::move(server);
    }
    ~Program() override {
        stop.request_stop();
        if (runner.joinable()) {
            EXPECT_TRUE(eventually([this] { return ended_.load(); }));
            runner.join();
        }
        app.reset();
        std::filesystem::remove_all(folder);
    }

    void write_certificate() {
        auto const pair = authority.issue_server("webhook");
        std::ofstream(folder / "tls.key") << pair.key_pem;
        std::ofstream(folder / "tls.crt") << pair.certificate_pem;
    }
    void start() {
        tenancy::Settings settings;
        settings.webhook.port = 0;
        settings.webhook.admin_port = 0;
        settings.webhook.certificate_directory = folder.string();
        auto started = App::start(settings, std::move(client_), clock, random);
        ASSERT_TRUE(started) << started.error().message;
        app = *std::move(started);
        runner = std::thread([this] {
            app->run(stop.get_token());
            ended_ = true;
        });
    }
    /// Lets the program's clock run until `condition` holds.
    bool eventually(std::function<bool()> const& condition) {
        return test::eventually(condition, [this] { clock.advance(milliseconds{10}); });
    }
    bool ready() {
        return eventually([this] { return app->not_ready().empty(); });
    }
    test::RawAnswer admin(std::string const& path) {
        test::RawClient client(app->admin_port());
        return client.exchange("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    static std::string post(std::string const& path, Json const& review) {
        std::string const body = review.dump();
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    Json ask(std::string const& path, Json const& review) {
        test::RawClient client(app->port(), {.ca_pem = authority.certificate_pem()});
        auto const answer = client.exchange(post(path, review));
        EXPECT_EQ(answer.status, 200);
        return answer.status == 200 ? Json::parse(answer.body)["response"] : Json();
    }

  private:
    std::unique_ptr<kube::Client> client_;
    std::atomic<bool> ended_{false};
};

Json pod_in(std::string const& ns, std::string const& path) {
    Json object = test::pod(std::string(test::acr_host) + path, ns);
    object["spec"]["imagePullSecrets"] = {{{"name", "registry-tenancy"}}};
    return object;
}

TEST_F(Program, BecomesReadyWithCertificateAndIndexAndDecides) {
    start();
    EXPECT_EQ(admin("/livez").status, 200);
    EXPECT_EQ(admin("/readyz").status, 503);
    write_certificate();
    ASSERT_TRUE(ready()) << app->not_ready();
    EXPECT_EQ(admin("/readyz").status, 200);
    EXPECT_EQ(ask("/validate", test::admission_review(pod_in("cainiao-prod", "/cainiao/a1:1")))
                  .at("allowed"),
              true);
    EXPECT_EQ(ask("/validate", test::admission_review(pod_in("cainiao-prod", "/alipay/a1:1")))
                  .at("allowed"),
              false);
    EXPECT_TRUE(ask("/mutate", test::admission_review(test::pod("x"))).contains("patch"));
    EXPECT_NE(admin("/metrics").body.find("registry_tenancy_webhook_admission_requests_total"),
              std::string::npos);
}

TEST_F(Program, ANamespaceAndItsPodInOneApplyWork) {
    write_certificate();
    start();
    ASSERT_TRUE(ready()) << app->not_ready();
    std::thread later([this] {
        // The request comes first, as a rule; the answer is the same if it does not.
        for (int moment = 0; moment < 30; ++moment) {
            test::give_way();
        }
        api->put(kube::types::namespaces, {{"metadata", {{"name", "new"}}}});
    });
    Json const answer = ask("/validate?timeout=30s", test::admission_review(test::pod("x", "new")));
    later.join();
    EXPECT_EQ(answer.at("allowed"), true);
}

TEST_F(Program, StopsDecidingWhenItsViewIsStaleOrItsTypesAreGone) {
    write_certificate();
    start();
    ASSERT_TRUE(ready()) << app->not_ready();
    Json const review = test::admission_review(pod_in("cainiao-prod", "/cainiao/a1:1"));
    // Nothing can be proven while every list fails, however lively the watches are.
    api->fail_next(test::Verb::List, kube::types::namespaces, Error{ErrorKind::Unavailable, "down"},
                   -1);
    for (int i = 0; i < 40; ++i) {
        clock.advance(seconds{5});
        test::give_way();
    }
    ASSERT_TRUE(eventually([this] { return !app->not_ready().empty(); }));
    EXPECT_EQ(admin("/readyz").status, 503);
    EXPECT_EQ(ask("/validate", review).at("auditAnnotations").at("reason"), "RT-PolicyUnavailable");
    api->clear_faults();
    EXPECT_TRUE(ready()) << app->not_ready();
    api->set_missing(kube::types::registry_tenancies, true);
    ASSERT_TRUE(eventually([this] { return !app->not_ready().empty(); }));
    EXPECT_EQ(ask("/validate", review).at("allowed"), false);
}

TEST_F(Program, DrainsBeforeItStops) {
    write_certificate();
    start();
    ASSERT_TRUE(ready()) << app->not_ready();
    test::RawClient before(app->port(), {.ca_pem = authority.certificate_pem()});
    std::string const request =
        post("/validate", test::admission_review(test::pod("x", "default")));
    EXPECT_FALSE(before.exchange(request).has("Connection: close"));
    stop.request_stop();
    // No clock moves here: the drain lasts until the test lets it end.
    ASSERT_TRUE(test::eventually([this] { return app->not_ready() == "shutting down"; }));
    EXPECT_EQ(admin("/readyz").status, 503);
    test::RawClient during(app->port(), {.ca_pem = authority.certificate_pem()});
    auto const answer = during.exchange(request);
    EXPECT_EQ(answer.status, 200) << "API servers go on using a Pod that is leaving";
    EXPECT_TRUE(answer.has("Connection: close")) << answer.head;
}

}  // namespace
}  // namespace rt::webhook
