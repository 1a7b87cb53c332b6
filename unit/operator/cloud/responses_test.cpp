#include "operator/cloud/alibaba/responses.hpp"

#include <gtest/gtest.h>

#include "unit/operator/cloud/error_case.hpp"

namespace rt::op::alibaba {
namespace {

class AssumeRoleErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(AssumeRoleErrors, AreClassifiedByTheirCode) {
    ErrorCase const& c = GetParam();
    auto const read = read_assume_role({c.status, {}, c.body});
    ASSERT_FALSE(read.has_value()) << c.says;
    expect_error(c, read.error());
}

INSTANTIATE_TEST_SUITE_P(
    Table, AssumeRoleErrors,
    testing::Values(
        ErrorCase{"a trust policy that says no", 403,
                  R"({"Code":"NoPermission","Message":"not authorized","RequestId":"R1"})",
                  ErrorKind::Forbidden, "NoPermission", "RequestId R1"},
        ErrorCase{"throttling that arrives as 400", 400,
                  R"({"Code":"Throttling.User","Message":"flow control"})", ErrorKind::Throttled,
                  "Throttling.User", "flow control"},
        ErrorCase{"a role that does not exist", 404,
                  R"({"Code":"EntityNotExist.Role","Message":"The specified Role not exists ."})",
                  ErrorKind::NotFound, "EntityNotExist.Role", "not exists"},
        ErrorCase{"a policy that is too large", 400,
                  R"({"Code":"InvalidParameter.PolicySize","Message":"2048"})",
                  ErrorKind::InvalidArgument, "InvalidParameter.PolicySize", "2048"},
        ErrorCase{"base keys that ended", 403,
                  R"({"Code":"InvalidSecurityToken.Expired","Message":"expired"})",
                  ErrorKind::Unauthenticated, "InvalidSecurityToken.Expired", "expired"},
        ErrorCase{"a clock that is off", 400,
                  R"({"Code":"InvalidTimeStamp.Expired","Message":"time"})", ErrorKind::Unavailable,
                  "InvalidTimeStamp.Expired", "time"},
        ErrorCase{"a server in trouble", 503, R"({"Code":"ServiceUnavailable","Message":"later"})",
                  ErrorKind::Unavailable, "ServiceUnavailable", "later"},
        ErrorCase{"a gateway's HTML page", 502, "<html>Bad Gateway</html>", ErrorKind::Unavailable,
                  "", "HTTP 502"},
        ErrorCase{"garbage with 200", 200, "}{", ErrorKind::Corrupt, "", "no JSON object"},
        ErrorCase{"nothing with 200", 200, "", ErrorKind::Corrupt, "", "no JSON object"},
        ErrorCase{"success without credentials", 200, R"({"RequestId":"R2"})", ErrorKind::Corrupt,
                  "", "no Credentials"},
        ErrorCase{"credentials with a hole", 200,
                  R"({"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"",)"
                  R"("SecurityToken":"t","Expiration":"2024-01-02T04:04:05Z"}})",
                  ErrorKind::Corrupt, "", "lacks one of"},
        ErrorCase{"control bytes in the cloud's text", 403,
                  "{\"Code\":\"NoPermission\",\"Message\":\"a\\u001b[31mb\"}", ErrorKind::Forbidden,
                  "NoPermission", "a\\x1B[31mb"}));

TEST(Responses, ReadAssumeRole) {
    auto const read = read_assume_role(
        {200,
         {},
         R"({"RequestId":"R","Credentials":{"SecurityToken":"tok","AccessKeyId":"STS.id",)"
         R"("AccessKeySecret":"sec","Expiration":"2024-01-02T04:04:05Z"}})"});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->keys.access_key_id, "STS.id");
    EXPECT_EQ(read->keys.access_key_secret.reveal(), "sec");
    EXPECT_EQ(read->keys.security_token.reveal(), "tok");
}

TEST(Responses, ReadAuthorizationTokenTakesMilliseconds) {
    auto const read = read_authorization_token(
        {200,
         {},
         R"({"Code":"success","IsSuccess":true,"TempUsername":"cr_temp_user",)"
         R"("AuthorizationToken":"abc:def","ExpireTime":1704168245000})"});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->username, "cr_temp_user");
    EXPECT_EQ(read->password.reveal(), "abc:def");
    EXPECT_EQ(read->expires_at.time_since_epoch(), std::chrono::milliseconds(1704168245000));
}

TEST(Responses, AnEndBeyondAllClocksIsNotRead) {
    for (std::string const end : {"-1", "10000000000000", "9223372036854775807"}) {
        auto const read = read_authorization_token(
            {200,
             {},
             R"({"IsSuccess":true,"TempUsername":"u","AuthorizationToken":"t","ExpireTime":)" +
                 end + "}"});
        ASSERT_FALSE(read.has_value()) << end;
        EXPECT_EQ(read.error().kind, ErrorKind::Corrupt) << end;
    }
}

TEST(Responses, IsSuccessFalseWith200IsAFailure) {
    auto const read = read_authorization_token(
        {200, {}, R"({"Code":"INSTANCE_NOT_EXIST","IsSuccess":false,"Message":"no"})"});
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().kind, ErrorKind::NotFound);
}

TEST(Responses, ThrottlingSaysHowLongToWait) {
    auto const read =
        read_assume_role({400,
                          {{"x-ratelimit-user", "Limit:1,Remain:0,TimeLeft:2000,Reset:1234"}},
                          R"({"Code":"Throttling","Message":"slow down"})"});
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().retry_after, std::chrono::milliseconds(2000));
}

TEST(Responses, DeniedActionIsNamed) {
    auto const read =
        read_authorization_token({403,
                                  {},
                                  R"({"Code":"NoPermission","Message":"no","AccessDeniedDetail":)"
                                  R"({"AuthAction":"cr:GetAuthorizationToken"}})"});
    ASSERT_FALSE(read.has_value());
    EXPECT_NE(read.error().message.find("denied action cr:GetAuthorizationToken"),
              std::string::npos);
}

TEST(Responses, MetadataAnswers) {
    EXPECT_EQ(*read_metadata_role({200, {}, " node-role\n"}), "node-role");
    EXPECT_FALSE(read_metadata_role({200, {}, "a\nb"}).has_value());
    EXPECT_EQ(read_metadata_role({404, {}, ""}).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(read_metadata_credentials({403, {}, ""}).error().kind, ErrorKind::Forbidden);
    EXPECT_FALSE(read_metadata_credentials({200, {}, R"({"Code":"Failed"})"}).has_value());
}

TEST(Responses, ErrorsNeverQuoteABody) {
    auto const read = read_assume_role({200, {}, R"({"AccessKeySecret":"topsecret")"});
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().message.find("topsecret"), std::string::npos);
}

}  // namespace
}  // namespace rt::op::alibaba
