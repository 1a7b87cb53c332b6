#include "operator/cloud/amazon/responses.hpp"

#include <gtest/gtest.h>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "unit/operator/cloud/error_case.hpp"

namespace rt::op::amazon {
namespace {

std::string sts_error(std::string const& code, std::string const& message) {
    return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
           "</Type><Code>" +
           code + "</Code><Message>" + message +
           "</Message></Error><RequestId>R-1</RequestId></ErrorResponse>";
}

std::string session(std::string const& action, std::string const& token = "t/o+k==") {
    return "<" + action + "Response><" + action +
           "Result><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>sec&amp;ret"
           "</SecretAccessKey><SessionToken>" +
           token + "</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration></Credentials></" +
           action + "Result></" + action + "Response>";
}

class StsErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(StsErrors, AreClassifiedByTheirCode) {
    ErrorCase const& c = GetParam();
    auto const read = read_assume_role({c.status, {}, c.body});
    ASSERT_FALSE(read.has_value()) << c.says;
    expect_error(c, read.error());
}

INSTANTIATE_TEST_SUITE_P(
    Table, StsErrors,
    testing::Values(
        ErrorCase{"a trust policy that says no", 403,
                  sts_error("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"),
                  ErrorKind::Forbidden, "AccessDenied", "(RequestId R-1)"},
        ErrorCase{"throttling that arrives as 400", 400, sts_error("Throttling", "Rate exceeded"),
                  ErrorKind::Throttled, "Throttling", "Rate exceeded"},
        ErrorCase{"a packed policy that is too large", 400,
                  sts_error("PackedPolicyTooLarge", "consumes 105% of the allotted space"),
                  ErrorKind::InvalidArgument, "PackedPolicyTooLarge", "105%"},
        ErrorCase{"base keys that ended", 403, sts_error("ExpiredToken", "The security token ..."),
                  ErrorKind::Unauthenticated, "ExpiredToken", "security token"},
        ErrorCase{"a wrong key", 403,
                  sts_error("SignatureDoesNotMatch",
                            "does not match.\n\nThe Canonical String was x-amz-security-token:SEC"),
                  ErrorKind::Unauthenticated, "SignatureDoesNotMatch", "does not match. ("},
        ErrorCase{"a clock that is off", 403,
                  sts_error("SignatureDoesNotMatch", "Signature expired: 20260102T000000Z is now"),
                  ErrorKind::Unavailable, "SignatureDoesNotMatch", "Signature expired"},
        ErrorCase{"an identity provider in trouble", 400,
                  sts_error("IDPCommunicationError", "timeout"), ErrorKind::Unavailable,
                  "IDPCommunicationError", "timeout"},
        ErrorCase{"a session that is too long", 400,
                  sts_error("ValidationError", "exceeds the 1 hour session limit"),
                  ErrorKind::InvalidArgument, "ValidationError", "1 hour"},
        ErrorCase{"a 403 of a proxy", 403, "<html><body>Forbidden</body></html>",
                  ErrorKind::Forbidden, "", "HTTP 403"},
        ErrorCase{"a gateway's page", 502, "<html>Bad<br>Gateway</html>", ErrorKind::Unavailable,
                  "", "HTTP 502"},
        ErrorCase{"garbage with 200", 200, "}{", ErrorKind::Corrupt, "", "no XML"},
        ErrorCase{"nothing with 200", 200, "", ErrorKind::Corrupt, "", "no XML"},
        ErrorCase{"success of another action", 200, session("GetSessionToken"), ErrorKind::Corrupt,
                  "", "no Credentials"},
        ErrorCase{"credentials with a hole", 200, session("AssumeRole", ""), ErrorKind::Corrupt, "",
                  "lacks one of"}));

TEST(Responses, ReadSessionsOfBothActions) {
    auto const assumed = read_assume_role({200, {}, session("AssumeRole")});
    ASSERT_TRUE(assumed.has_value()) << assumed.error().message;
    EXPECT_EQ(assumed->keys.access_key_id, "ASIA1");
    EXPECT_EQ(assumed->keys.access_key_secret.reveal(), "sec&ret");
    EXPECT_EQ(assumed->keys.security_token.reveal(), "t/o+k==");
    EXPECT_EQ(assumed->expires_at, *parse_rfc3339("2026-01-02T04:04:05Z"));
    EXPECT_TRUE(read_web_identity({200, {}, session("AssumeRoleWithWebIdentity")}).has_value());
    EXPECT_FALSE(read_web_identity({200, {}, session("AssumeRole")}).has_value());
}

TEST(Responses, ASecurityTokenInAnErrorIsNotRepeated) {
    auto const read = read_assume_role(
        {403, {}, sts_error("SignatureDoesNotMatch", "no.\nx-amz-security-token:SECRET")});
    EXPECT_EQ(read.error().message.find("SECRET"), std::string::npos) << read.error().message;
}

TEST(Responses, ThrottlingCarriesRetryAfter) {
    auto const read =
        read_assume_role({429, {{"Retry-After", "7"}}, sts_error("Throttling", "slow")});
    EXPECT_EQ(read.error().retry_after, std::chrono::milliseconds(7000));
    EXPECT_FALSE(read_assume_role({429, {{"Retry-After", "soon"}}, sts_error("Throttling", "slow")})
                     .error()
                     .retry_after);
}

std::string login(std::string const& decoded, std::string const& expires = "1767355445.5") {
    return R"({"authorizationData":[{"authorizationToken":")" + base64_encode(decoded) +
           R"(","expiresAt":)" + expires + R"(,"proxyEndpoint":"https://x"}]})";
}

TEST(Responses, ReadAuthorizationTokenSplitsAtTheFirstColon) {
    auto const read = read_authorization_token({200, {}, login("AWS:pass:word")});
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->username, "AWS");
    EXPECT_EQ(read->password.reveal(), "pass:word");
    EXPECT_EQ(std::chrono::floor<std::chrono::milliseconds>(read->expires_at),
              *parse_rfc3339("2026-01-02T12:04:05.5Z"));
}

TEST(Responses, ReadAuthorizationTokenRefusesWhatIsNoLogin) {
    for (std::string const& body :
         {std::string(), std::string("[]"), std::string("{}"),
          std::string(R"({"authorizationData":[]})"), std::string(R"({"authorizationData":{}})"),
          std::string(R"({"authorizationData":[{"expiresAt":1}]})"), login("AWS"), login(":x"),
          login("AWS:"), login("AWS:x", "null"), login("AWS:x", "-1"), login("AWS:x", "1e300"),
          login("AWS:x", "1e10"), login("AWS:x", "\"1767355445\"")}) {
        auto const read = read_authorization_token({200, {}, body});
        ASSERT_FALSE(read.has_value()) << body;
        EXPECT_EQ(read.error().kind, ErrorKind::Corrupt) << body;
        EXPECT_EQ(read.error().message.find(base64_encode("AWS:x")), std::string::npos);
    }
}

TEST(Responses, EcrErrorsHaveTheirCodeInHeaderOrBody) {
    auto const by_header = read_authorization_token(
        {400,
         {{"x-amzn-ErrorType", "AccessDeniedException:http://x"}, {"x-amzn-RequestId", "R-2"}},
         R"({"__type":"Other","message":"not authorized to perform: ecr:GetAuthorizationToken"})"});
    EXPECT_EQ(by_header.error().kind, ErrorKind::Forbidden);
    EXPECT_EQ(by_header.error().code, "AccessDeniedException");
    EXPECT_NE(by_header.error().message.find("(RequestId R-2)"), std::string::npos);
    auto const by_body = read_authorization_token(
        {400, {}, R"({"__type":"com.amazonaws.ecr#ThrottlingException","Message":"slow"})"});
    EXPECT_EQ(by_body.error().kind, ErrorKind::Throttled);
    EXPECT_NE(by_body.error().message.find("ThrottlingException: slow"), std::string::npos);
}

std::string const node_keys =
    R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIA0","SecretAccessKey":"s",)"
    R"("Token":"t","Expiration":"2026-01-02T09:04:05Z"})";

TEST(Responses, ErrorsAreReadWhereAmazonsSdkReadsThemToo) {
    auto const nested = read_assume_role(
        {403,
         {},
         "<ErrorResponse><Errors><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>"
         "</Error></Errors></ErrorResponse>"});
    ASSERT_FALSE(nested);
    EXPECT_EQ(nested.error().kind, ErrorKind::Unauthenticated);
    EXPECT_EQ(nested.error().code, "SignatureDoesNotMatch");
}

TEST(Responses, ReadTheMetadataService) {
    EXPECT_EQ(read_metadata_token({200, {}, "tok\n"})->reveal(), "tok");
    EXPECT_EQ(*read_metadata_role({200, {}, "node-role\nsecond\n"}), "node-role");
    EXPECT_EQ(read_metadata_credentials({200, {}, node_keys})->keys.access_key_id, "ASIA0");
    auto const refused = read_metadata_token({403, {}, ""});
    EXPECT_EQ(refused.error().kind, ErrorKind::Forbidden);
    EXPECT_EQ(read_metadata_role({404, {}, "<html>"}).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(read_metadata_role({200, {}, "\n"}).error().kind, ErrorKind::Corrupt);
    auto const failed = read_metadata_credentials(
        {200, {}, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"m"})"});
    EXPECT_NE(failed.error().message.find("AssumeRoleUnauthorizedAccess"), std::string::npos);
}

TEST(Responses, ReadTheAgentOfPodIdentity) {
    auto const keys = read_pod_identity(
        {200,
         {},
         R"({"AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","AccountId":"444455556666",)"
         R"("Expiration":"2026-01-02T09:04:05.123456789Z"})"});
    ASSERT_TRUE(keys) << keys.error().message;
    EXPECT_EQ(keys->keys.access_key_id, "ASIA1");
    EXPECT_EQ(keys->keys.security_token.reveal(), "t");
    EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(keys->expires_at),
              parse_rfc3339("2026-01-02T09:04:05Z").value());
    for (std::string const body :
         {"", "[]", "{}", R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t"})",
          R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2026-01-02T09:04:05Z"})"}) {
        EXPECT_FALSE(read_pod_identity({200, {}, body})) << body;
    }
}

TEST(Responses, TheAgentsErrorsAreClassifiedAndNeverRepeated) {
    struct Case {
        int status;
        std::string body;
        ErrorKind kind;
        std::string code;
    };
    std::string const text = ": token ey.secret, fault: client";
    for (Case const& c : std::vector<Case>{
             {400, "[R-1]: (AccessDeniedException)" + text, ErrorKind::Forbidden,
              "AccessDeniedException"},
             {404, "[R-1]: (ResourceNotFoundException)" + text, ErrorKind::NotFound,
              "ResourceNotFoundException"},
             {400, "[R-1]: (InvalidTokenException)" + text, ErrorKind::Unavailable,
              "InvalidTokenException"},
             {400, "[R-1]: (ExpiredTokenException)" + text, ErrorKind::Unavailable,
              "ExpiredTokenException"},
             {429, "[R-1]: (ThrottlingException)" + text, ErrorKind::Throttled,
              "ThrottlingException"},
             {500, "[R-1]: (InternalServerException)" + text, ErrorKind::Unavailable,
              "InternalServerException"},
             {403, "Access Denied. ey.secret", ErrorKind::Forbidden, ""},
             {404, "404 page not found", ErrorKind::NotFound, ""},
             {302, "", ErrorKind::Forbidden, ""},
             {400, "(ey.secret): ", ErrorKind::Forbidden, ""},
         }) {
        auto const read = read_pod_identity({c.status, {}, c.body});
        ASSERT_FALSE(read) << c.body;
        EXPECT_EQ(read.error().kind, c.kind) << c.body;
        EXPECT_EQ(read.error().code, c.code) << c.body;
        EXPECT_EQ(read.error().message.find("ey.secret"), std::string::npos)
            << read.error().message;
    }
}

TEST(Responses, KnowStaleKeysFromClockSkew) {
    auto const error = [](std::string const& code, std::string const& message) {
        return read_assume_role({403, {}, sts_error(code, message)}).error();
    };
    EXPECT_TRUE(stale_keys(error("ExpiredToken", "x")));
    EXPECT_TRUE(stale_keys(error("InvalidClientTokenId", "x")));
    EXPECT_FALSE(stale_keys(error("AccessDenied", "x")));
    EXPECT_TRUE(clock_skew(error("RequestExpired", "x")));
    EXPECT_TRUE(clock_skew(error("SignatureDoesNotMatch", "Signature not yet current: x")));
    EXPECT_FALSE(clock_skew(error("SignatureDoesNotMatch", "x")));
}

}  // namespace
}  // namespace rt::op::amazon
