// The identities that begin with a token of this cluster, and the Personal Edition.

#include <cstdio>
#include <fstream>

#include "operator/cloud/alibaba/source.hpp"
#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::alibaba {
namespace {

using namespace std::chrono_literals;
using Type = tenancy::Identity::Type;

constexpr char with_token[] =
    "https://sts.cn-shanghai.aliyuncs.com/?Action=AssumeRoleWithOIDC&Format=JSON&SignatureNonce=";
constexpr char sts[] = "https://sts.cn-shanghai.aliyuncs.com/";
constexpr char acr[] = "https://cr.cn-shanghai.aliyuncs.com/";
constexpr char provider[] = "acs:ram::1146716667364888:oidc-provider/demo";

std::string session(std::string const& id) {
    return R"({"RequestId":"R","Credentials":{"SecurityToken":"token-of-)" + id +
           R"(","AccessKeyId":")" + id +
           R"(","AccessKeySecret":"s","Expiration":"2026-01-02T04:04:05Z"}})";
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class AlibabaWebIdentityTest : public SourceTest {
  protected:
    AlibabaWebIdentityTest()
        : SourceTest("shared-acr", tenancy::RegistryType::AlibabaACR, "acr.example.com") {
        registry_->alibaba_acr = tenancy::AlibabaAcrSpec{
            "cri-shared", "cn-shanghai", {}, tenancy::AlibabaAcrSpec::Endpoints::Public, {}};
        spec_.role = *tenancy::Role::parse("acs:ram::1146716667364888:role/acr-cainiao");
        spec_.allow = {{tenancy::AllowEntry::Kind::Namespace, "cainiao", ""}};
        token_file_ = ::testing::TempDir() + "rrsa-" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name();
        auto with_file = context();
        with_file.rrsa_token_file = token_file_;
        source_ = make_source(with_file);
    }
    ~AlibabaWebIdentityTest() override { std::remove(token_file_.c_str()); }

    void use_oidc() {
        auto& identity = registry_->alibaba_acr->identity;
        identity.type = Type::OIDC;
        identity.provider = provider;
        identity.oidc_role = "acs:ram::1146716667364888:role/base";
        spec_.external_id = "demo";
    }
    void use_service_account() {
        registry_->alibaba_acr->identity.type = Type::ServiceAccount;
        registry_->alibaba_acr->identity.provider = provider;
    }
    void write_token(std::string const& token) { std::ofstream(token_file_) << token; }
    Result<RegistryCredential> mint(std::string const& ns = "cainiao-prod") {
        return source_->mint({spec_, ns, "demo"}, std::stop_token());
    }
    /// The URL ends in a nonce and the time, which FakeRandom and FakeClock fix.
    std::string url_with_token() {
        return with_token + same_.hex(16) +
               "&Timestamp=2026-01-02T03%3A04%3A05Z&Version=2015-04-01";
    }
    void expect_login() {
        clouds_.expect("POST", std::string(acr) + "?InstanceId=cri-shared")
            .with_header("x-acs-security-token", "token-of-STS.session")
            .answer(200, R"({"Code":"success","IsSuccess":true,"TempUsername":"cr_temp_user",)"
                         R"("AuthorizationToken":"the:password","ExpireTime":1767326645000})");
    }

    std::string token_file_;
    test::FakeRandom same_;  ///< counts as the source's own does
    std::unique_ptr<CredentialSource> source_;
};

TEST_F(AlibabaWebIdentityTest, GoesFromTheOperatorsTokenOverItsRoleToTheTenancys) {
    use_oidc();
    write_token("ey.operator.token\n");
    clouds_.expect("POST", url_with_token())
        .with_body_that("unsigned, for the base role, with the token and without external ID",
                        [](std::string const& body) {
                            return has(body, "OIDCToken=ey.operator.token&") &&
                                   has(body,
                                       "OIDCProviderArn=acs%3Aram%3A%3A1146716667364888%3A"
                                       "oidc-provider%2Fdemo&") &&
                                   has(body, "role%2Fbase&") && !has(body, "ExternalId") &&
                                   !has(body, "Policy=");
                        })
        .answer(200, session("STS.base"));
    clouds_.expect("POST", sts)
        .with_header("x-acs-action", "AssumeRole")
        .with_header("x-acs-security-token", "token-of-STS.base")
        .with_body_that("narrowed, with external ID",
                        [](std::string const& body) {
                            return has(body, "ExternalId=demo") &&
                                   has(body, "cri-shared%2Fcainiao%2F%2A");
                        })
        .answer(200, session("STS.session"));
    expect_login();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h);
    EXPECT_FALSE(clouds_.requests().front().headers.has("authorization"));
}

TEST_F(AlibabaWebIdentityTest, WithoutATokenNothingIsAskedAndNothingWiderIsUsed) {
    use_oidc();
    auto const missing = mint();
    ASSERT_FALSE(missing);
    EXPECT_TRUE(has(missing.error().message, "identity OIDC")) << missing.error().message;
    write_token("\n");
    EXPECT_EQ(mint().error().kind, ErrorKind::Unavailable);
    EXPECT_TRUE(clouds_.requests().empty());
}

TEST_F(AlibabaWebIdentityTest, TradesTheNamespacesTokenForTheTenancysRoleInOneHop) {
    use_service_account();
    clouds_.expect("POST", url_with_token())
        .with_body_that("the namespace's token for the tenancy's role, narrowed",
                        [](std::string const& body) {
                            return has(body,
                                       "OIDCToken=token-registry-tenancy-system-"
                                       "ns-cainiao-prod-1&") &&
                                   has(body, "role%2Facr-cainiao&") &&
                                   has(body, "RoleSessionName=demo.cainiao-prod") &&
                                   has(body, "cri-shared%2Fcainiao%2F%2A");
                        })
        .answer(200, session("STS.session"));
    expect_login();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(api_.calls().back().detail,
              R"({"audiences":["sts.aliyuncs.com"],"expirationSeconds":600})");
}

TEST_F(AlibabaWebIdentityTest, RefusalsSayWhichStepFailedAndAreTriedOnce) {
    use_service_account();
    struct Case {
        std::string code;
        ErrorKind kind;
    };
    for (auto const& [code, kind] : std::vector<Case>{
             {"AuthenticationFail.NoPermission", ErrorKind::Forbidden},
             {"AuthenticationFail.OIDCToken.AudienceNotMatch", ErrorKind::Unauthenticated},
             {"AuthenticationFail.OIDCToken.Invalid", ErrorKind::Unauthenticated},
             {"AuthenticationFail.OIDCToken.Expired", ErrorKind::Expired},
             {"EntityNotExist.Role", ErrorKind::NotFound},
             {"Throttling.User", ErrorKind::Throttled}}) {
        clouds_.expect("POST", url_with_token())
            .answer(400, R"({"Code":")" + code + R"(","Message":"no","RequestId":"R"})");
        auto const credential = mint();
        ASSERT_FALSE(credential) << code;
        EXPECT_EQ(credential.error().kind, kind) << code;
        EXPECT_TRUE(credential.error().message.starts_with("AssumeRoleWithOIDC: " + code))
            << credential.error().message;
    }
}

TEST_F(AlibabaWebIdentityTest, ThePersonalEditionHasACallOfItsOwn) {
    use_service_account();
    registry_->alibaba_acr->edition = tenancy::AlibabaAcrSpec::Edition::Personal;
    registry_->alibaba_acr->instance_id.clear();
    clouds_.expect("POST", url_with_token())
        .with_body_that(
            "narrowed to repositories without an instance",
            [](std::string const& body) { return has(body, "repository%2Fcainiao%2F%2A"); })
        .answer(200, session("STS.session"));
    clouds_.expect("GET", std::string(acr) + "tokens")
        .with_header("x-acs-action", "GetAuthorizationToken")
        .with_header("x-acs-version", "2016-06-07")
        .answer(200,
                R"({"data":{"authorizationToken":"the:password","tempUserName":"cr_temp_user",)"
                R"("expireDate":1767326645000},"requestId":"R"})");
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "cr_temp_user");
    EXPECT_EQ(credential->password.reveal(), "the:password");
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h);
}

TEST_F(AlibabaWebIdentityTest, AUserThatNeverOpenedThePersonalEditionIsNotFound) {
    use_service_account();
    registry_->alibaba_acr->edition = tenancy::AlibabaAcrSpec::Edition::Personal;
    clouds_.expect("POST", url_with_token()).answer(200, session("STS.session"));
    clouds_.expect("GET", std::string(acr) + "tokens")
        .answer(404, R"({"code":"USER_NOT_EXIST","message":"user is not exist.","requestId":"R"})");
    auto const credential = mint();
    ASSERT_FALSE(credential);
    EXPECT_EQ(credential.error().kind, ErrorKind::NotFound);
    EXPECT_TRUE(has(credential.error().message, "USER_NOT_EXIST: user is not exist."));
}

}  // namespace
}  // namespace rt::op::alibaba
