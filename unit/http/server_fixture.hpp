#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "lib/http/server.hpp"
#include "unit/support/eventually.hpp"
#include "unit/support/raw_client.hpp"
#include "unit/support/test_certificates.hpp"

namespace rt::http {

/// A server on a free loopback port with a certificate of its own authority. Echoes method, target
/// and body unless a test brings a handler.
class ServerTest : public testing::Test {
  protected:
    static Answer echo(ServerRequest const& request) {
        ServerResponse response;
        response.content_type = "text/plain";
        response.body = std::string(request.method) + " " + std::string(request.target) + " " +
                        std::string(request.body);
        return response;
    }

    static test::TestAuthority const& authority() {
        static test::TestAuthority const made("test authority");
        return made;
    }

    ServerTest() {
        options_.address = "127.0.0.1";
        options_.metrics_prefix = "test";
    }

    static ServingCertificate serving_certificate(std::string const& name = "webhook.test") {
        auto const issued = authority().issue_server(name);
        return ServingCertificate{issued.certificate_pem, issued.key_pem, {}};
    }

    void start_tls(Handler handler = &echo) {
        auto started = start_tls_server(options_, std::move(handler), metrics_);
        ASSERT_TRUE(started) << started.error().message;
        server_ = std::move(*started);
        auto const set = server_->set_certificate(serving_certificate());
        ASSERT_TRUE(set) << set.error().message;
    }

    void start_plain(Handler handler = &echo) {
        auto started = start_plain_server(options_, std::move(handler), metrics_);
        ASSERT_TRUE(started) << started.error().message;
        server_ = std::move(*started);
    }

    static test::RawTls trusting() {
        test::RawTls tls;
        tls.ca_pem = authority().certificate_pem();
        return tls;
    }

    [[nodiscard]] std::unique_ptr<test::RawClient> connect() const {
        return std::make_unique<test::RawClient>(server_->port(), trusting());
    }
    [[nodiscard]] std::unique_ptr<test::RawClient> connect_plain() const {
        return std::make_unique<test::RawClient>(server_->port());
    }

    static bool eventually(std::function<bool()> const& holds) { return test::eventually(holds); }

    /// Whether the series `name` (with labels, as exposed) has `value`, now or soon.
    [[nodiscard]] bool metric_becomes(std::string const& name, std::string const& value) const {
        return eventually([&] {
            return metrics_.text().find("\n" + name + " " + value + "\n") != std::string::npos;
        });
    }
    [[nodiscard]] bool rejected(std::string const& reason) const {
        return metric_becomes("test_rejected_total{reason=\"" + reason + "\"}", "1");
    }

    Metrics metrics_;
    ServerOptions options_;
    std::unique_ptr<Server> server_;
};

}  // namespace rt::http
