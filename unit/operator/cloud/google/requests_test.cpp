#include "operator/cloud/google/requests.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"

namespace rt::op::google {
namespace {

TEST(GoogleRequests, TheMetadataServerIsAskedByNameWithItsHeader) {
    http::Request const request = metadata_token_request("default");
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.url,
              "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/"
              "default/token");
    EXPECT_EQ(request.headers.get("Metadata-Flavor"), "Google");
    EXPECT_FALSE(request.headers.has("Authorization"));
    EXPECT_LE(request.timeout, std::chrono::seconds(2)) << "it is on this machine, or not there";
    EXPECT_TRUE(metadata_token_request("a/../b@c").url.ends_with("/a%2F..%2Fb%40c/token"))
        << "no way to another path";
}

TEST(GoogleRequests, AnExchangeIsAFormInWhichEveryValueIsEncoded) {
    http::Request const request = exchange_request(
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        impersonation_scope, SecretString("ey.a+b/c.x"));
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://sts.googleapis.com/v1/token");
    EXPECT_EQ(request.headers.get("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(request.body,
              "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
              "&audience=%2F%2Fiam.googleapis.com%2Fprojects%2F1%2Flocations%2Fglobal%2F"
              "workloadIdentityPools%2Fp%2Fproviders%2Fq"
              "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
              "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
              "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
              "&subject_token=ey.a%2Bb%2Fc.x");
    EXPECT_FALSE(request.headers.has("Authorization")) << "the token is the proof";
}

TEST(GoogleRequests, AnImpersonationAsksForPullingOnly) {
    http::Request const request =
        impersonation_request("pull@acme.iam.gserviceaccount.com", SecretString("ya29.x"), 1800);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url,
              "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
              "pull%40acme.iam.gserviceaccount.com:generateAccessToken");
    EXPECT_EQ(request.headers.get("authorization"), "Bearer ya29.x");
    auto const body = parse_json(request.body);
    ASSERT_TRUE(body.has_value());
    EXPECT_EQ(*body, (Json{{"scope", {"https://www.googleapis.com/auth/cloud-platform.read-only"}},
                           {"lifetime", "1800s"}}));
}

TEST(GoogleRequests, AProvidersDefaultAudienceIsItsNameAsAUrl) {
    EXPECT_EQ(default_audience("//iam.googleapis.com/projects/1"),
              "https://iam.googleapis.com/projects/1");
}

}  // namespace
}  // namespace rt::op::google
