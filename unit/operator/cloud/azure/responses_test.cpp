#include "operator/cloud/azure/responses.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/time.hpp"
#include "unit/operator/cloud/error_case.hpp"

namespace rt::op::azure {
namespace {

std::string entra(std::string const& code, std::string const& message,
                  std::string const& error = "invalid_client") {
    Json const body = {{"error", error},
                       {"error_description", code + ": " + message +
                                                 " Trace ID: t-1 Correlation ID: c-1 Timestamp: "
                                                 "2026-01-02 03:04:05Z"},
                       {"trace_id", "t-1"}};
    return body.dump();
}

std::string acr(std::string const& code, std::string const& message) {
    return Json{{"errors", {{{"code", code}, {"message", message}}}}}.dump();
}

class EntraErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(EntraErrors, AreClassifiedByTheirCode) {
    ErrorCase const& c = GetParam();
    auto const read = read_access_token({c.status, {}, c.body});
    ASSERT_FALSE(read.has_value()) << c.says;
    expect_error(c, read.error());
}

INSTANTIATE_TEST_SUITE_P(
    Table, EntraErrors,
    testing::Values(
        ErrorCase{"no federated credential for the subject", 401,
                  entra("AADSTS700213", "No matching federated identity record found"),
                  ErrorKind::Forbidden, "AADSTS700213", "add a federated credential"},
        ErrorCase{"the same, as it was told earlier", 401,
                  entra("AADSTS70021", "No matching federated identity record found"),
                  ErrorKind::Forbidden, "AADSTS70021", "(trace ID t-1): add a federated"},
        ErrorCase{"an assertion that ended", 401,
                  entra("AADSTS700024", "Client assertion is not within its valid time range"),
                  ErrorKind::Expired, "ClockSkew", "check NTP"},
        ErrorCase{"signing keys that it can't find", 401, entra("AADSTS700027", "signature"),
                  ErrorKind::Unauthenticated, "AADSTS700027", "must be public"},
        ErrorCase{"a wrong secret", 401, entra("AADSTS7000215", "Invalid client secret provided"),
                  ErrorKind::Unauthenticated, "AADSTS7000215", "its value, not its ID"},
        ErrorCase{"a secret that ended", 401, entra("AADSTS7000222", "expired"),
                  ErrorKind::Unauthenticated, "AADSTS7000222", "valid client secret"},
        ErrorCase{"an unknown application", 400,
                  entra("AADSTS700016", "was not found", "unauthorized_client"),
                  ErrorKind::NotFound, "AADSTS700016", "correct the client ID"},
        ErrorCase{"an unknown tenant", 400, entra("AADSTS90002", "not found", "invalid_request"),
                  ErrorKind::NotFound, "AADSTS90002", "tenantID"},
        ErrorCase{"throttling", 429, entra("AADSTS90055", "slow down"), ErrorKind::Throttled,
                  "AADSTS90055", "slow down"},
        ErrorCase{"throttling under a code that we don't know", 429,
                  entra("AADSTS999999", "slow down"), ErrorKind::Throttled, "AADSTS999999", "slow"},
        ErrorCase{"a code that we don't know", 401, entra("AADSTS123456", "who knows"),
                  ErrorKind::Unauthenticated, "AADSTS123456", "who knows"},
        ErrorCase{"trouble on their side, whatever the code", 503,
                  entra("AADSTS700213", "later", "temporarily_unavailable"), ErrorKind::Unavailable,
                  "AADSTS700213", "later"},
        ErrorCase{"an error without AADSTS", 400, R"({"error":"invalid_scope"})",
                  ErrorKind::InvalidArgument, "invalid_scope", "invalid_scope: "},
        ErrorCase{"a number that never ends", 400, entra("AADSTS", "x"), ErrorKind::InvalidArgument,
                  "invalid_client", "AADSTS: x"},
        ErrorCase{"a gateway's page", 502, "<html>SECRET</html>", ErrorKind::Unavailable, "",
                  "HTTP 502"},
        ErrorCase{"garbage with 200", 200, "}{SECRET", ErrorKind::Corrupt, "", "no JSON"},
        ErrorCase{"nothing with 200", 200, "", ErrorKind::Corrupt, "", "no JSON"},
        ErrorCase{"success without a token", 200, R"({"expires_in":3600})", ErrorKind::Corrupt, "",
                  "lacks access_token"},
        ErrorCase{"a token without an end", 200, R"({"access_token":"SECRET"})", ErrorKind::Corrupt,
                  "", "lacks access_token"},
        ErrorCase{"a token that has ended", 200, R"({"access_token":"SECRET","expires_in":-1})",
                  ErrorKind::Expired, "", "already expired"}));

TEST(AzureResponses, ReadAccessTokensOfBothServices) {
    auto const entra_token =
        read_access_token({200, {}, R"({"access_token":"ey.x.y","expires_in":86399})"});
    ASSERT_TRUE(entra_token.has_value()) << entra_token.error().message;
    EXPECT_EQ(entra_token->reveal(), "ey.x.y");
    auto const managed =
        read_managed_identity({200, {}, R"({"access_token":"ey.x.y","expires_in":"86399"})"});
    ASSERT_TRUE(managed.has_value()) << managed.error().message;
    EXPECT_EQ(managed->reveal(), "ey.x.y");
    EXPECT_FALSE(
        read_managed_identity({200, {}, R"({"access_token":"ey.x.y","expires_in":"soon"})"}));
}

TEST(AzureResponses, ThrottlingCarriesRetryAfter) {
    auto const error = [](std::string const& header) {
        return read_access_token({429, {{"Retry-After", header}}, entra("AADSTS90055", "slow")})
            .error();
    };
    EXPECT_EQ(error("7").retry_after, std::chrono::milliseconds(7000));

    EXPECT_FALSE(error("soon").retry_after);
    EXPECT_FALSE(error("-1").retry_after);
}

class AzureMetadataErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(AzureMetadataErrors, SayWhatIsMissing) {
    ErrorCase const& c = GetParam();
    auto const read = read_managed_identity({c.status, {}, c.body});
    ASSERT_FALSE(read.has_value()) << c.says;
    expect_error(c, read.error());
}

INSTANTIATE_TEST_SUITE_P(
    Table, AzureMetadataErrors,
    testing::Values(
        ErrorCase{"an identity that the node lacks", 400,
                  R"({"error":"invalid_request","error_description":"Identity not found"})",
                  ErrorKind::NotFound, "invalid_request", "scale set"},
        ErrorCase{"several identities, and none named", 400,
                  R"({"error":"invalid_request","error_description":)"
                  R"("Multiple user assigned identities exist, please specify"})",
                  ErrorKind::InvalidArgument, "invalid_request", "name one as role"},
        ErrorCase{"a service that is updated", 410, R"({"error":"gone"})", ErrorKind::Unavailable,
                  "gone", ""},
        ErrorCase{"throttling", 429, R"({"error":"too_many_requests"})", ErrorKind::Throttled,
                  "too_many_requests", ""},
        ErrorCase{"trouble", 500, R"({"error":"unknown"})", ErrorKind::Unavailable, "unknown", ""},
        ErrorCase{"another cloud's service", 404, "<html>", ErrorKind::Corrupt, "", "HTTP 404"}));

std::string unpadded_url(std::string const& text) {
    std::string out = base64_encode(text);
    for (char& c : out) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return out.substr(0, out.find('='));
}

std::string refresh(std::string const& claims) {
    return R"({"refresh_token":"eyJhbGciOiJSUzI1NiJ9.)" + unpadded_url(claims) + R"(.c2ln"})";
}

TEST(AzureResponses, ARefreshTokenSaysItselfWhenItEnds) {
    // The payload needs '_' and '-' of the URL alphabet, and padding.
    auto const read =
        read_refresh_token({200, {}, refresh(R"({"exp":1767333845,"x":"\u00ff??>>~~"})")});
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->expires_at, *parse_rfc3339("2026-01-02T06:04:05Z"));
    EXPECT_TRUE(read->token.reveal().starts_with("eyJhbGciOiJSUzI1NiJ9."));
}

TEST(AzureResponses, WhatIsNoRefreshTokenIsRefusedAndNotRepeated) {
    for (std::string const& body :
         {std::string(), std::string("[]"), std::string("{}"),
          std::string(R"({"refresh_token":""})"), std::string(R"({"refresh_token":"SECRET"})"),
          std::string(R"({"refresh_token":"a.SECRET!.c"})"), refresh("{}"), refresh("[1]"),
          refresh(R"({"exp":"soon"})"), refresh(R"({"exp":-1})"), refresh(R"({"exp":1e300})"),
          refresh(R"({"exp":9223372036854775807})"), refresh(R"({"exp":10000000000})"),
          refresh("not json")}) {
        auto const read = read_refresh_token({200, {}, body});
        ASSERT_FALSE(read.has_value()) << body;
        EXPECT_EQ(read.error().kind, ErrorKind::Corrupt) << body;
        EXPECT_EQ(read.error().message.find("SECRET"), std::string::npos);
    }
}

class AzureRegistryErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(AzureRegistryErrors, SayWhoCanHelp) {
    ErrorCase const& c = GetParam();
    auto const read =
        read_refresh_token({c.status, {{"X-Ms-Correlation-Request-Id", "r-1"}}, c.body});
    ASSERT_FALSE(read.has_value()) << c.says;
    expect_error(c, read.error());
}

INSTANTIATE_TEST_SUITE_P(
    Table, AzureRegistryErrors,
    testing::Values(
        ErrorCase{"an identity without a role there", 401,
                  acr("UNAUTHORIZED", "authentication required"), ErrorKind::Forbidden,
                  "UNAUTHORIZED", "(correlation ID r-1): give the identity the role AcrPull"},
        ErrorCase{"a firewall", 403, acr("DENIED", "client with IP '1.2.3.4' is not allowed"),
                  ErrorKind::Forbidden, "DENIED", "network rules"},
        ErrorCase{"no such registry", 404, acr("NAME_UNKNOWN", "x"), ErrorKind::NotFound,
                  "NAME_UNKNOWN", ""},
        ErrorCase{"throttling", 429, acr("TOOMANYREQUESTS", "x"), ErrorKind::Throttled,
                  "TOOMANYREQUESTS", ""},
        ErrorCase{"trouble", 500, acr("UNKNOWN", "x"), ErrorKind::Unavailable, "UNKNOWN", ""},
        ErrorCase{"errors that are none", 401, R"({"errors":{}})", ErrorKind::Forbidden, "",
                  "HTTP 401"},
        ErrorCase{"a gateway's page", 502, "<html>", ErrorKind::Unavailable, "", "HTTP 502"}));

}  // namespace
}  // namespace rt::op::azure
