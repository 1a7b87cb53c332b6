#include "operator/cloud/static/source.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::op::static_secret {
namespace {

class StaticSourceTest : public testing::Test {
  protected:
    StaticSourceTest() {
        registry_->meta.name = "harbor";
        registry_->type = tenancy::RegistryType::DockerConfigSecret;
        registry_->hosts = {*tenancy::RegistryHost::parse("harbor.example.com")};
        registry_->docker_config_secret = tenancy::DockerConfigSecretSpec{"harbor-login"};
        registry_->allow_unnarrowed = true;
        spec_.registry = registry_;
    }

    void put_secret(std::string const& docker_config) {
        Json const secret{
            {"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", "harbor-login"}, {"namespace", "registry-tenancy-system"}}},
            {"data", {{".dockerconfigjson", base64_encode(docker_config)}}}};
        ASSERT_TRUE(
            api_.create(kube::types::secrets, "registry-tenancy-system", secret, {}).has_value());
    }

    Result<RegistryCredential> mint() { return source_->mint({spec_, "team", "demo"}, {}); }

    std::shared_ptr<tenancy::Registry> registry_ = std::make_shared<tenancy::Registry>();
    tenancy::CredentialSpec spec_;
    test::FakeClock clock_;
    test::FakeRandom random_;
    test::ScriptedTransport clouds_;
    test::FakeApiServer api_{clock_};
    std::unique_ptr<CredentialSource> source_ =
        make_source({clouds_, api_, clock_, random_, "registry-tenancy-system"});
};

TEST_F(StaticSourceTest, TakesTheEntryOfTheRegistrysHost) {
    put_secret(R"({"auths":{"other.example.com":{"auth":")" + base64_encode("a:b") +
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
    put_secret(R"({"auths":{"harbor.example.com.evil.org":{"auth":")" + base64_encode("a:b") +
               R"("}}})");
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::NotFound);
    EXPECT_NE(credential.error().message.find("harbor.example.com"), std::string::npos);
}

TEST_F(StaticSourceTest, ABrokenSecretIsNamedButNeverQuoted) {
    put_secret(R"({"auths":{"harbor.example.com":{"auth":"topsecret!!"}}})");
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().message.find("topsecret"), std::string::npos);
}

}  // namespace
}  // namespace rt::op::static_secret
