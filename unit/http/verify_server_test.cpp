#include <gtest/gtest.h>

#include "lib/http/transport.hpp"
#include "unit/http/server_fixture.hpp"

namespace rt::http {
namespace {

class VerifyServer : public ServerTest {
  protected:
    /// At 127.0.0.1, though the certificate is for a name.
    Result<void> verify(std::string const& name, std::string const& ca_pem) {
        TlsOptions tls;
        tls.ca_pem = ca_pem;
        tls.use_system_cas = false;
        tls.server_name = name;
        return verify_server("https://127.0.0.1:" + std::to_string(server_->port()) + "/",
                             std::move(tls), std::chrono::seconds(30), {});
    }
};

TEST_F(VerifyServer, believes_its_own_authority_and_name_only) {
    start_tls();
    auto const good = verify("webhook.test", authority().certificate_pem());
    EXPECT_TRUE(good) << good.error().message;
    EXPECT_FALSE(verify("elsewhere.example.com", authority().certificate_pem()));
    test::TestAuthority const other("other authority");
    EXPECT_FALSE(verify("webhook.test", other.certificate_pem()));
}

TEST_F(VerifyServer, needs_no_certificate_where_the_server_demands_one) {
    start_tls();
    auto certificate = serving_certificate();
    certificate.client_ca_pem = authority().certificate_pem();
    ASSERT_TRUE(server_->set_certificate(certificate));
    auto const good = verify("webhook.test", authority().certificate_pem());
    EXPECT_TRUE(good) << good.error().message;
    test::TestAuthority const other("other authority");
    EXPECT_FALSE(verify("webhook.test", other.certificate_pem()));
}

TEST_F(VerifyServer, finds_nobody_where_nobody_listens) {
    start_tls();
    server_->stop(std::chrono::milliseconds(0));
    EXPECT_FALSE(verify("webhook.test", authority().certificate_pem()));
}

}  // namespace
}  // namespace rt::http
