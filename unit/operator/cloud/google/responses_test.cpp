#include "operator/cloud/google/responses.hpp"

#include <gtest/gtest.h>

#include "lib/base/time.hpp"
#include "unit/operator/cloud/error_case.hpp"

namespace rt::op::google {
namespace {

using namespace std::chrono_literals;

WallTime const now = *parse_rfc3339("2026-01-02T03:04:05Z");

std::string oauth_error(std::string const& code, std::string const& text) {
    return R"({"error":")" + code + R"(","error_description":")" + text + R"("})";
}

std::string api_error(int http, std::string const& status, std::string const& text) {
    return R"({"error":{"code":)" + std::to_string(http) + R"(,"message":")" + text +
           R"(","status":")" + status + R"("}})";
}

class GoogleErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(GoogleErrors, AreClassifiedByTheirCode) {
    ErrorCase const& c = GetParam();
    http::Response const response{c.status, {}, c.body};
    for (auto const& error : {read_exchange(response), read_impersonation(response, now)}) {
        ASSERT_FALSE(error.has_value()) << c.says;
        expect_error(c, error.error());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, GoogleErrors,
    testing::Values(
        ErrorCase{"a token for another audience", 400,
                  oauth_error("invalid_grant",
                              "The audience in ID Token [vault] does not match the expected "
                              "audience."),
                  ErrorKind::Unauthenticated, "invalid_grant",
                  "the provider must allow the token's audience"},
        ErrorCase{"an issuer that is not the provider's", 400,
                  oauth_error("invalid_grant", "The issuer in ID Token x does not match"),
                  ErrorKind::Unauthenticated, "invalid_grant", "signing keys"},
        ErrorCase{"a token that is too old: the next read gives a fresh one", 400,
                  oauth_error("invalid_grant", "ID Token issued at 1 is stale to sign-in."),
                  ErrorKind::Unavailable, "ClockSkew",
                  "invalid_grant: ID Token issued at 1 is stale to sign-in; the clocks of"},
        ErrorCase{"a token from the future", 400,
                  oauth_error("invalid_grant", "ID Token issued in the future."),
                  ErrorKind::Unavailable, "ClockSkew", "check NTP"},
        ErrorCase{"an issuer that Google can't reach just now", 400,
                  oauth_error("invalid_grant", "Error connecting to the given credential's issuer"),
                  ErrorKind::Unavailable, "invalid_grant", "issuer"},
        ErrorCase{"an attribute condition that says no", 400,
                  oauth_error("unauthorized_client",
                              "The given credential is rejected by the attribute condition."),
                  ErrorKind::Forbidden, "unauthorized_client", "let the provider's attribute"},
        ErrorCase{"a provider that is not there", 400,
                  oauth_error("invalid_target", "The target service is invalid."),
                  ErrorKind::NotFound, "invalid_target", "audience of the Registry"},
        ErrorCase{"a request that is none", 400,
                  oauth_error("invalid_request", "Invalid value for audience"),
                  ErrorKind::InvalidArgument, "invalid_request", "Invalid value"},
        ErrorCase{
            "an account that may not be impersonated", 403,
            api_error(403, "PERMISSION_DENIED",
                      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or "
                      "it may not exist)."),
            ErrorKind::Forbidden, "PERMISSION_DENIED", "roles/iam.serviceAccountTokenCreator"},
        ErrorCase{
            "a node with too small a scope", 403,
            api_error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes."),
            ErrorKind::Forbidden, "PERMISSION_DENIED", "access scope cloud-platform"},
        ErrorCase{"an account that is not there", 404,
                  api_error(404, "NOT_FOUND", "Not found; Gaia id not found for email x"),
                  ErrorKind::NotFound, "NOT_FOUND", "must exist"},
        ErrorCase{"a base token that ended", 401,
                  api_error(401, "UNAUTHENTICATED", "Request had invalid credentials."),
                  ErrorKind::Unauthenticated, "UNAUTHENTICATED", "invalid credentials"},
        ErrorCase{
            "a life that is too long", 400,
            api_error(400, "INVALID_ARGUMENT", "The access token lifetime cannot exceed 3600s"),
            ErrorKind::InvalidArgument, "INVALID_ARGUMENT", "sessionDurationSeconds"},
        ErrorCase{"a quota that is used up", 429,
                  api_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded"), ErrorKind::Throttled,
                  "RESOURCE_EXHAUSTED", "Quota"},
        ErrorCase{"throttling without a code", 429, "{}", ErrorKind::Throttled, "", "HTTP 429"},
        ErrorCase{"trouble of their own", 500, api_error(500, "INTERNAL", "Internal error"),
                  ErrorKind::Unavailable, "INTERNAL", "Internal error"},
        ErrorCase{"a gateway's page", 502, "<html>Bad Gateway</html>", ErrorKind::Unavailable, "",
                  "HTTP 502"},
        ErrorCase{"a 403 of a proxy", 403, "{}", ErrorKind::Forbidden, "", "HTTP 403"},
        ErrorCase{"garbage with 200", 200, "}{", ErrorKind::Corrupt, "", "no JSON"},
        ErrorCase{"nothing with 200", 200, "", ErrorKind::Corrupt, "", "no JSON"},
        ErrorCase{"an answer without a token", 200, "{}", ErrorKind::Corrupt, "", "lacks one of"}));

TEST(GoogleResponses, ReadAnExchange) {
    auto const read = read_exchange(
        {200, {}, R"({"access_token":"ya29.d.x","expires_in":3599,"token_type":"Bearer"})"});
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->token.reveal(), "ya29.d.x");
    EXPECT_EQ(read->life, 3599s);
}

TEST(GoogleResponses, RefuseLivesThatAreNone) {
    for (std::string const life :
         {R"("3599")", "null", "1e300", "9223372036854775807", "-9223372036854775808", "1.5"}) {
        auto const read =
            read_exchange({200, {}, R"({"access_token":"ya29.secret","expires_in":)" + life + "}"});
        ASSERT_FALSE(read.has_value()) << life;
        EXPECT_EQ(read.error().kind, ErrorKind::Corrupt) << life;
        EXPECT_EQ(read.error().message.find("secret"), std::string::npos);
    }
}

TEST(GoogleResponses, ReadAnImpersonationByTheServersClock) {
    std::string const body = R"({"accessToken":"ya29.c.x","expireTime":"2026-01-02T04:04:05Z"})";
    auto const read = read_impersonation({200, {}, body}, now);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->token.reveal(), "ya29.c.x");
    EXPECT_EQ(read->life, 1h);
    EXPECT_EQ(
        read_impersonation({200, {{"Date", "Fri, 02 Jan 2026 03:34:05 GMT"}}, body}, now)->life,
        30min);
    for (std::string const wrong :
         {R"({"accessToken":"","expireTime":"2026-01-02T04:04:05Z"})",
          R"({"accessToken":"ya29.secret","expireTime":"soon"})",
          R"({"accessToken":"ya29.secret"})",
          R"({"accessToken":7,"expireTime":"2026-01-02T04:04:05Z"})", "[]"}) {
        auto const bad = read_impersonation({200, {}, wrong}, now);
        ASSERT_FALSE(bad.has_value()) << wrong;
        EXPECT_EQ(bad.error().kind, ErrorKind::Corrupt) << wrong;
        EXPECT_EQ(bad.error().message.find("secret"), std::string::npos) << bad.error().message;
    }
}

TEST(GoogleResponses, ThrottlingCarriesRetryAfter) {
    auto const read = read_impersonation(
        {429, {{"Retry-After", "7"}}, api_error(429, "RESOURCE_EXHAUSTED", "slow")}, now);
    EXPECT_EQ(read.error().retry_after, std::chrono::milliseconds(7000));
}

TEST(GoogleResponses, OnlyTheMetadataServerIsBelieved) {
    std::string const body = R"({"access_token":"ya29.x","expires_in":600,"token_type":"Bearer"})";
    auto const read = read_metadata_token({200, {{"Metadata-Flavor", "Google"}}, body});
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->life, 10min);
    auto const stranger = read_metadata_token({200, {}, body});
    ASSERT_FALSE(stranger.has_value());
    EXPECT_EQ(stranger.error().kind, ErrorKind::Corrupt);
    auto const status = [](int code) {
        return read_metadata_token({code, {{"Metadata-Flavor", "Google"}}, "<html>"}).error().kind;
    };
    EXPECT_EQ(status(404), ErrorKind::NotFound);
    EXPECT_EQ(status(403), ErrorKind::Forbidden);
    EXPECT_EQ(status(429), ErrorKind::Throttled);
    EXPECT_EQ(status(503), ErrorKind::Unavailable);
}

TEST(GoogleResponses, KnowATokenThatIsNoLongerGood) {
    auto const error = [](int http, std::string const& status) {
        return read_impersonation({http, {}, api_error(http, status, "x")}, now).error();
    };
    EXPECT_TRUE(stale_token(error(401, "UNAUTHENTICATED")));
    EXPECT_FALSE(stale_token(error(403, "PERMISSION_DENIED")));
    EXPECT_FALSE(stale_token(error(503, "UNAVAILABLE")));
}

}  // namespace
}  // namespace rt::op::google
