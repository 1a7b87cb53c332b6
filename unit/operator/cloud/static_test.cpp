#include "operator/cloud/static/source.hpp"

#include <gtest/gtest.h>

#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::static_secret {
namespace {

class StaticSourceTest : public SourceTest {
  protected:
    StaticSourceTest()
        : SourceTest("harbor", tenancy::RegistryType::DockerConfigSecret, "harbor.example.com") {
        registry_->docker_config_secret = tenancy::DockerConfigSecretSpec{"harbor-login"};
        registry_->allow_unnarrowed = true;
    }

    void put_login(std::string const& docker_config) {
        put_secret("harbor-login", {{".dockerconfigjson", docker_config}});
    }

    Result<RegistryCredential> mint() { return source_->mint({spec_, "team", "demo"}, {}); }

    std::unique_ptr<CredentialSource> source_ = make_source(context());
};

TEST_F(StaticSourceTest, TakesTheEntryOfTheRegistrysHost) {
    put_login(R"({"auths":{"other.example.com":{"auth":")" + base64_encode("a:b") +
              R"("},"https://harbor.example.com/v2/":{"username":"robot$x","password":"p:w"}}})");
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "robot$x");
    EXPECT_EQ(credential->password.reveal(), "p:w");
    EXPECT_FALSE(credential->expires_at.has_value());
}

TEST_F(StaticSourceTest, WantsToHearThatItCannotBeNarrowed) {
    registry_->allow_unnarrowed = false;
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_NE(credential.error().message.find("allowUnnarrowed: true"), std::string::npos);
}

TEST_F(StaticSourceTest, NamesTheHostThatIsMissing) {
    put_login(R"({"auths":{"harbor.example.com.evil.org":{"auth":")" + base64_encode("a:b") +
              R"("}}})");
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::NotFound);
    EXPECT_NE(credential.error().message.find("harbor.example.com"), std::string::npos);
}

TEST_F(StaticSourceTest, SaysThatItsSecretIsMissing) {
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(credential.error().code, "SecretNotFound");
    EXPECT_NE(credential.error().message.find("/harbor-login does not exist; create it"),
              std::string::npos)
        << credential.error().message;
}

TEST_F(StaticSourceTest, ABrokenSecretIsNamedButNeverQuoted) {
    put_login(R"({"auths":{"harbor.example.com":{"auth":"topsecret!!"}}})");
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_NE(credential.error().message.find("/harbor-login: docker config"), std::string::npos)
        << credential.error().message;
    EXPECT_EQ(credential.error().message.find("topsecret"), std::string::npos);
}

}  // namespace
}  // namespace rt::op::static_secret
