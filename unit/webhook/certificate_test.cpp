#include "webhook/certificate.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "unit/support/test_certificates.hpp"

namespace rt::webhook {
namespace {

struct Folder : testing::Test {
    std::filesystem::path path;
    std::vector<std::string> installed;
    bool refuse = false;

    Folder() {
        std::string name = testing::TempDir() + "certificateXXXXXX";
        path = mkdtemp(name.data());
    }
    ~Folder() override { std::filesystem::remove_all(path); }

    void write(std::string const& name, std::string const& text) {
        std::ofstream(path / name) << text;
    }
    CertificateReloader reloader(std::string const& client_ca = {}) {
        return {path.string(), client_ca, [this](http::ServingCertificate const& certificate) {
                    if (refuse) {
                        return Result<void>(fail(invalid_argument("no pair")));
                    }
                    installed.push_back(certificate.certificate_chain_pem);
                    return Result<void>();
                }};
    }
};

TEST_F(Folder, IsNotReadyWithoutACertificateAndTakesItWhenItComes) {
    auto reload = reloader();
    reload.poll();
    WallTime const now = std::chrono::system_clock::now();
    EXPECT_NE(reload.not_ready(now), "");
    test::TestAuthority const authority("ca");
    auto const first = authority.issue_server("webhook.svc");
    write("tls.crt", first.certificate_pem);
    reload.poll();
    EXPECT_NE(reload.not_ready(now), "") << "the key is missing";
    write("tls.key", first.key_pem);
    reload.poll();
    EXPECT_EQ(reload.not_ready(now), "");
    reload.poll();
    EXPECT_EQ(installed.size(), 1U) << "unchanged files are not installed again";
    auto const second = authority.issue_server("webhook.svc");
    write("tls.crt", second.certificate_pem);
    write("tls.key", second.key_pem);
    reload.poll();
    ASSERT_EQ(installed.size(), 2U);
    EXPECT_EQ(installed[1], second.certificate_pem);
    std::filesystem::remove(path / "tls.key");
    reload.poll();
    EXPECT_EQ(reload.not_ready(now), "") << "the one in use stays";
    EXPECT_NE(reload.not_ready(now + std::chrono::hours{24 * 30}), "") << "expired";
}

TEST_F(Folder, ARefusedPairIsTriedAgain) {
    test::TestAuthority const authority("ca");
    auto const pair = authority.issue_server("webhook.svc");
    write("tls.crt", pair.certificate_pem);
    write("tls.key", pair.key_pem);
    auto reload = reloader();
    refuse = true;
    reload.poll();
    EXPECT_NE(reload.not_ready(std::chrono::system_clock::now()).find("no pair"),
              std::string::npos);
    refuse = false;
    reload.poll();
    EXPECT_EQ(reload.not_ready(std::chrono::system_clock::now()), "");
}

TEST_F(Folder, NeedsTheClientAuthorityWhereOneIsDemanded) {
    test::TestAuthority const authority("ca");
    auto const pair = authority.issue_server("webhook.svc");
    write("tls.crt", pair.certificate_pem);
    write("tls.key", pair.key_pem);
    auto reload = reloader((path / "client.crt").string());
    reload.poll();
    EXPECT_NE(reload.not_ready(std::chrono::system_clock::now()), "");
    write("client.crt", authority.certificate_pem());
    reload.poll();
    EXPECT_EQ(reload.not_ready(std::chrono::system_clock::now()), "");
}

TEST(Certificate, ExpiryOfNonsenseIsUnknown) {
    EXPECT_FALSE(certificate_expiry(""));
    EXPECT_FALSE(
        certificate_expiry("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"));
}

}  // namespace
}  // namespace rt::webhook
