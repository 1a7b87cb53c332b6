#include <gtest/gtest.h>

#include <string>

#include "lib/http/server.hpp"
#include "unit/support/raw_client.hpp"

namespace rt::http {
namespace {

class AdminServer : public testing::Test {
  protected:
    AdminServer() {
        AdminProbes probes;
        probes.not_live = [this] { return not_live_; };
        probes.not_ready = [this] { return not_ready_; };
        auto started = start_admin_server(0, std::move(probes), metrics_);
        EXPECT_TRUE(started);
        server_ = std::move(*started);
    }
    test::RawAnswer get(std::string const& path, std::string const& method = "GET") {
        test::RawClient client(server_->port());
        return client.exchange(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    Metrics metrics_;
    std::string not_live_;
    std::string not_ready_;
    std::unique_ptr<Server> server_;
};

TEST_F(AdminServer, probes_are_fine_without_a_reason_and_show_the_reason_otherwise) {
    EXPECT_EQ(get("/livez").status, 200);
    EXPECT_EQ(get("/readyz?verbose").status, 200);
    not_ready_ = "caches are not synced";
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_EQ(get("/readyz").body, "caches are not synced\n");
    EXPECT_EQ(get("/livez").status, 200) << "not ready is not dead";
    not_live_ = "stuck";
    EXPECT_EQ(get("/livez").status, 503);
}

TEST_F(AdminServer, metrics_are_exposed_as_prometheus_text) {
    metrics_.counter("things_total", "Things.").Increment();
    auto const answer = get("/metrics");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.has("text/plain; version=0.0.4"));
    EXPECT_NE(answer.body.find("\nthings_total 1\n"), std::string::npos) << answer.body;
}

TEST_F(AdminServer, nothing_else_is_served) {
    EXPECT_EQ(get("/").status, 404);
    EXPECT_EQ(get("/metrics/").status, 404);
    EXPECT_EQ(get("/livez", "POST").status, 405);
}

}  // namespace
}  // namespace rt::http
