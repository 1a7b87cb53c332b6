#include "operator/cloud/alibaba/signing.hpp"

#include <gtest/gtest.h>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"

namespace rt::op::alibaba {
namespace {

std::string signature_of(http::Request const& request) {
    std::string const value(request.headers.get("authorization"));
    return value.substr(value.rfind('=') + 1);
}

AccessKeys keys(std::string id, std::string_view secret, std::string_view token = {}) {
    return {std::move(id), SecretString(secret), SecretString(token)};
}

WallTime const when = *parse_rfc3339("2024-01-02T03:04:05Z");
std::string const nonce = "0123456789abcdef0123456789abcdef";

// The example of Alibaba Cloud's document "V3 request body and signature" (ECS RunInstances).
TEST(Signing, GivesThePublishedSignatureOfTheDocumentedExample) {
    ApiCall call;
    call.host = "ecs.cn-shanghai.aliyuncs.com";
    call.action = "RunInstances";
    call.version = "2014-05-26";
    call.query = {{"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
                  {"RegionId", "cn-shanghai"}};
    auto const request =
        sign(call, keys("YourAccessKeyId", "YourAccessKeySecret"),
             *parse_rfc3339("2023-10-26T10:22:32Z"), "3156853299f313e23d1673dc12e1703d");
    EXPECT_EQ(signature_of(request),
              "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0");
    EXPECT_EQ(
        request.url,
        "https://ecs.cn-shanghai.aliyuncs.com/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_"
        "20230811.vhd&RegionId=cn-shanghai");
}

// The unit test of the Go SDK (darabonba-openapi, GetAuthorization).
TEST(Signing, AgreesWithTheGoSdk) {
    std::map<std::string, std::string> const headers{{"x-acs-test", "http,https"}};
    std::string const canonical =
        canonical_request("", "/", encode_parameters({{"empty", ""}, {"test", "ok"}}), headers,
                          "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23");
    EXPECT_EQ(authorization(canonical, headers, keys("acesskey", "secret")),
              "ACS3-HMAC-SHA256 Credential=acesskey,SignedHeaders=x-acs-test,Signature="
              "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3");
}

TEST(Signing, SignsTheSecurityTokenOfTemporaryKeys) {
    ApiCall call;
    call.host = "cr.cn-hangzhou.aliyuncs.com";
    call.action = "GetAuthorizationToken";
    call.version = "2018-12-01";
    call.query = {{"InstanceId", "cri-abc123"}};
    auto const request =
        sign(call, keys("STS.testid", "testsecret", "CAIS+tok/en==~*"), when, nonce);
    EXPECT_EQ(signature_of(request),
              "82bddd3b01a9db3169b5751b939ec4e53e17b7963eddf0c051991a56cc4d3736");
    EXPECT_EQ(request.headers.get("x-acs-security-token"), "CAIS+tok/en==~*");
    EXPECT_FALSE(request.headers.has("content-type"));
}

TEST(Signing, SignsAFormBody) {
    ApiCall call;
    call.host = "sts.cn-hangzhou.aliyuncs.com";
    call.action = "AssumeRole";
    call.version = "2015-04-01";
    call.form = {
        {"RoleArn", "acs:ram::1234567890123456:role/acr-pull"},
        {"RoleSessionName", "imagepull@ns-a"},
        {"DurationSeconds", "3600"},
        {"ExternalId", "ext:1/2+3"},
        {"Policy",
         R"({"Version":"1","Statement":[{"Effect":"Allow","Action":["cr:GetAuthorizationToken"],)"
         R"("Resource":"*"},{"Effect":"Allow","Action":["cr:PullRepository"],)"
         R"("Resource":"acs:cr:cn-hangzhou:1234567890123456:repository/cri-abc123/team-a/*"}]})"}};
    auto const request = sign(call, keys("testid", "testsecret"), when, nonce);
    EXPECT_EQ(sha256_hex(request.body),
              "6782cf8b6ec03bf87fa806976c2b4a69381991a312c11831ee731fb93990f17b");
    EXPECT_EQ(signature_of(request),
              "2aa4dc2a0db40990efbb95b21d76f2ee6b751402dd743916eb0036a4f6be8183");
    EXPECT_EQ(request.method, "POST");
}

TEST(Signing, EncodesAsRfc3986) {
    EXPECT_EQ(encode_parameters({{"b", "a b*~/"}, {"a", ""}}), "a=&b=a%20b%2A~%2F");
}

}  // namespace
}  // namespace rt::op::alibaba
