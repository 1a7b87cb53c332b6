#include "operator/cloud/alibaba/source.hpp"

#include <gtest/gtest.h>

#include "lib/base/time.hpp"
#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::alibaba {
namespace {

using namespace std::chrono_literals;

std::string const metadata = "http://100.100.100.200/latest/";
std::string const sts = "https://sts.cn-shanghai.aliyuncs.com/";
std::string const acr = "https://cr.cn-shanghai.aliyuncs.com/";

std::string const node_keys =
    R"({"AccessKeyId":"STS.node","AccessKeySecret":"node-secret","SecurityToken":"node-token",)"
    R"("Expiration":"2026-01-02T09:04:05Z","Code":"Success"})";
std::string const session_keys =
    R"({"RequestId":"R","Credentials":{"SecurityToken":"session-token","AccessKeyId":"STS.session",)"
    R"("AccessKeySecret":"session-secret","Expiration":"2026-01-02T04:04:05Z"}})";

std::string docker_login(std::int64_t expire_ms) {
    return R"({"Code":"success","IsSuccess":true,"TempUsername":"cr_temp_user",)"
           R"("AuthorizationToken":"the:password","ExpireTime":)" +
           std::to_string(expire_ms) + "}";
}

/// 2026-01-02T04:04:05Z, an hour after the fake clock's start.
std::int64_t const in_an_hour_ms = 1767326645000;

class AlibabaSourceTest : public SourceTest {
  protected:
    AlibabaSourceTest()
        : SourceTest("shared-acr", tenancy::RegistryType::AlibabaACR, "acr.example.com") {
        registry_->alibaba_acr = tenancy::AlibabaAcrSpec{
            "cri-shared", "cn-shanghai", {}, tenancy::AlibabaAcrSpec::Endpoints::Public, {}};
        spec_.role = *tenancy::Role::parse("acs:ram::1146716667364888:role/acr-cainiao");
        spec_.external_id = "demo";
        spec_.allow = {{tenancy::AllowEntry::Kind::Namespace, "cainiao", ""}};
    }

    Result<RegistryCredential> mint() {
        return source_->mint({spec_, "cainiao-prod", "demo"}, std::stop_token());
    }

    void expect_metadata() {
        clouds_.expect("PUT", metadata + "api/token").answer(200, "metadata-token");
        clouds_.expect("GET", metadata + "meta-data/ram/security-credentials/")
            .with_header("X-aliyun-ecs-metadata-token", "metadata-token")
            .answer(200, "node-role");
        clouds_.expect("GET", metadata + "meta-data/ram/security-credentials/node-role")
            .answer(200, node_keys);
    }
    void expect_assume_role() {
        clouds_.expect("POST", sts)
            .with_header("x-acs-action", "AssumeRole")
            .answer(200, session_keys);
    }
    void expect_login(std::int64_t expire_ms = in_an_hour_ms) {
        clouds_.expect("POST", acr + "?InstanceId=cri-shared")
            .with_header("x-acs-security-token", "session-token")
            .answer(200, docker_login(expire_ms));
    }

    std::unique_ptr<CredentialSource> source_ = make_source(context());
};

TEST_F(AlibabaSourceTest, GoesFromNodeRoleOverAssumedRoleToDockerLogin) {
    expect_metadata();
    clouds_.expect("POST", sts)
        .with_header("x-acs-security-token", "node-token")
        .with_body_that("narrowed, with ExternalId and a session name for the audit trail",
                        [](std::string const& body) {
                            return body.find("ExternalId=demo") != std::string::npos &&
                                   body.find("RoleSessionName=demo.cainiao-prod") !=
                                       std::string::npos &&
                                   body.find("cri-shared%2Fcainiao%2F%2A") != std::string::npos;
                        })
        .answer(200, session_keys);
    expect_login();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "cr_temp_user");
    EXPECT_EQ(credential->password.reveal(), "the:password");
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h);
}

TEST_F(AlibabaSourceTest, SharesTheNodeKeysBetweenMints) {
    expect_metadata();
    for (int mint_number = 0; mint_number < 2; ++mint_number) {
        expect_assume_role();
        expect_login();
        EXPECT_TRUE(mint().has_value());
    }
}

TEST_F(AlibabaSourceTest, ReadsTheNodeKeysAgainTenMinutesBeforeTheyEnd) {
    expect_metadata();
    expect_assume_role();
    expect_login();
    ASSERT_TRUE(mint().has_value());
    clock_.advance(5h + 51min);
    expect_metadata();
    clouds_.expect("POST", sts).fail({ErrorKind::Unavailable, "down"});
    EXPECT_FALSE(mint().has_value());
}

TEST_F(AlibabaSourceTest, KeepsUsingNodeKeysThatLiveWhileTheMetadataServiceIsDown) {
    expect_metadata();
    expect_assume_role();
    expect_login();
    ASSERT_TRUE(mint().has_value());
    clock_.advance(5h + 55min);
    Error const down{ErrorKind::Unavailable, "down"};
    clouds_.expect("PUT", metadata + "api/token").fail(down);
    clouds_.expect("GET", metadata + "meta-data/ram/security-credentials/").fail(down);
    clouds_.expect("POST", sts).with_header("x-acs-accesskey-id", "STS.node").fail(down);
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_NE(credential.error().message.find("AssumeRole"), std::string::npos);
}

TEST_F(AlibabaSourceTest, SaysThatItIsTheMetadataServiceThatDoesNotAnswer) {
    Error const down{ErrorKind::DeadlineExceeded, "no complete answer within 5000 ms"};
    clouds_.expect("PUT", metadata + "api/token").fail(down);
    clouds_.expect("GET", metadata + "meta-data/ram/security-credentials/").fail(down);
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::DeadlineExceeded);
    EXPECT_NE(credential.error().message.find("ECS metadata service: no complete answer"),
              std::string::npos)
        << credential.error().message;
}

TEST_F(AlibabaSourceTest, NormalModeWorksWithoutAMetadataToken) {
    clouds_.expect("PUT", metadata + "api/token").answer(404);
    clouds_.expect("GET", metadata + "meta-data/ram/security-credentials/")
        .answer(200, "node-role");
    clouds_.expect("GET", metadata + "meta-data/ram/security-credentials/node-role")
        .answer(200, node_keys);
    expect_assume_role();
    expect_login();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AlibabaSourceTest, FetchesStaleNodeKeysAgainOnce) {
    expect_metadata();
    clouds_.expect("POST", sts)
        .answer(403, R"({"Code":"InvalidSecurityToken.Expired","Message":"x"})");
    expect_metadata();
    clouds_.expect("POST", sts)
        .answer(403, R"({"Code":"InvalidSecurityToken.Expired","Message":"x"})");
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().code, "InvalidSecurityToken.Expired");
}

TEST_F(AlibabaSourceTest, LearnsTheCloudsTimeWhereItsOwnIsOff) {
    expect_metadata();
    clouds_.expect("POST", sts)
        .with_header("x-acs-date", "2026-01-02T03:04:05Z")
        .answer(400, R"({"Code":"InvalidTimeStamp.Expired","Message":"x"})",
                {{"Date", "Fri, 02 Jan 2026 05:04:05 GMT"}});
    clouds_.expect("POST", sts)
        .with_header("x-acs-date", "2026-01-02T05:04:05Z")
        .answer(200,
                R"({"Credentials":{"SecurityToken":"session-token","AccessKeyId":"STS.session",)"
                R"("AccessKeySecret":"s","Expiration":"2026-01-02T06:04:05Z"}})");
    expect_login(in_an_hour_ms + 2 * 3600 * 1000);
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h) << "an hour by anyone's clock";
}

TEST_F(AlibabaSourceTest, NamesAClockThatTheCloudsTimeDoesNotMend) {
    expect_metadata();
    for (int i = 0; i < 2; ++i) {
        clouds_.expect("POST", sts)
            .answer(400, R"({"Code":"InvalidTimeStamp.Expired","Message":"x"})",
                    {{"Date", "Fri, 02 Jan 2026 03:04:05 GMT"}});
    }
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().code, "ClockSkew");
    EXPECT_EQ(credential.error().message, "AssumeRole: InvalidTimeStamp.Expired: x");
}

TEST_F(AlibabaSourceTest, ThePasswordEndsWithItsSession) {
    expect_metadata();
    expect_assume_role();
    expect_login(in_an_hour_ms + 23 * 3600 * 1000);
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value());
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h);
}

TEST_F(AlibabaSourceTest, ACredentialThatArrivesExpiredIsAnError) {
    expect_metadata();
    expect_assume_role();
    expect_login(0);
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Expired);
    EXPECT_TRUE(credential.error().retryable());
}

TEST_F(AlibabaSourceTest, ARoleThatIsDeniedSaysWhichStepFailed) {
    expect_metadata();
    clouds_.expect("POST", sts).answer(403, R"({"Code":"NoPermission","Message":"no"})");
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Forbidden);
    EXPECT_TRUE(credential.error().message.starts_with("AssumeRole: NoPermission"))
        << credential.error().message;
}

TEST_F(AlibabaSourceTest, ASessionPolicyThatDoesNotFitIsAnErrorNotAWiderSession) {
    spec_.allow.clear();
    for (int index = 0; index < 60; ++index) {
        spec_.allow.push_back({tenancy::AllowEntry::Kind::Namespace,
                               "registry-namespace-number-" + std::to_string(index), ""});
    }
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::InvalidArgument);
    EXPECT_TRUE(clouds_.requests().empty());
}

TEST_F(AlibabaSourceTest, AccessKeyComesFromItsSecretAndNeverFallsBackToTheNodeRole) {
    registry_->alibaba_acr->identity = {tenancy::Identity::Type::AccessKey, "", "acr-key"};
    auto const missing = mint();
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
    EXPECT_TRUE(clouds_.requests().empty());

    put_secret("acr-key", {{"accessKeyID", "LTAI-user"}, {"accessKeySecret", "user-secret"}});
    expect_assume_role();
    expect_login();
    ASSERT_TRUE(mint().has_value());
    http::Request const first = clouds_.requests().front();
    EXPECT_NE(first.headers.get("authorization").find("Credential=LTAI-user,"),
              std::string_view::npos);
    EXPECT_FALSE(first.headers.has("x-acs-security-token"));
}

TEST_F(AlibabaSourceTest, AnAccessKeyThatWasReplacedIsUsedNoMore) {
    registry_->alibaba_acr->identity = {tenancy::Identity::Type::AccessKey, "", "acr-key"};
    for (std::string const id : {"LTAI-old", "LTAI-new"}) {
        put_secret("acr-key", {{"accessKeyID", id}, {"accessKeySecret", "secret of " + id}});
        expect_assume_role();
        expect_login();
        ASSERT_TRUE(mint().has_value());
        auto const& requests = clouds_.requests();
        EXPECT_NE(requests[requests.size() - 2]
                      .headers.get("authorization")
                      .find("Credential=" + id + ","),
                  std::string_view::npos);
    }
}

}  // namespace
}  // namespace rt::op::alibaba
