#include "operator/cloud/amazon/signing.hpp"

#include <gtest/gtest.h>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"

namespace rt::op::amazon {
namespace {

using Headers = std::map<std::string, std::string>;

std::string signature_in(std::string_view value) {
    return std::string(value.substr(value.rfind('=') + 1));
}

AccessKeys keys(std::string_view token = {}) {
    return {"AKIDEXAMPLE", SecretString("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            SecretString(token)};
}

WallTime const when = *parse_rfc3339("2015-08-30T12:36:00Z");

struct SuiteCase {
    char const* name;
    std::string method;
    std::string path;
    Headers headers;
    std::string body;
    std::string canonical_hash;  ///< empty: not published
    std::string signature;
};

class SigV4Suite : public testing::TestWithParam<SuiteCase> {};

TEST_P(SigV4Suite, GivesThePublishedSignature) {
    SuiteCase const& c = GetParam();
    Headers headers = c.headers;
    headers["host"] = "example.amazonaws.com";
    headers["x-amz-date"] = "20150830T123600Z";
    std::string const canonical =
        canonical_request(c.method, c.path, {}, headers, sha256_hex(c.body));
    if (!c.canonical_hash.empty()) {
        EXPECT_EQ(sha256_hex(canonical), c.canonical_hash) << canonical;
    }
    EXPECT_EQ(
        signature_in(authorization(canonical, headers, keys(), when, {"us-east-1", "service"})),
        c.signature)
        << canonical;
}

// The AWS signing test suite, version 4 (aws-c-auth, tests/aws-signing-test-suite/v4).
INSTANTIATE_TEST_SUITE_P(
    Published, SigV4Suite,
    testing::Values(
        SuiteCase{"get_vanilla",
                  "GET",
                  "/",
                  {},
                  "",
                  "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteCase{"get_vanilla_with_session_token",
                  "GET",
                  "/",
                  {{"x-amz-security-token",
                    "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
                  "",
                  "067b36aa60031588cea4a4cde1f21215227a047690c72247f1d70b32fbbfad2b",
                  "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
        SuiteCase{"post_vanilla",
                  "POST",
                  "/",
                  {},
                  "",
                  "553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87",
                  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        SuiteCase{"post_x_www_form_urlencoded",
                  "POST",
                  "/",
                  {{"content-length", "13"},
                   {"content-type", "application/x-www-form-urlencoded"},
                   {"x-amz-content-sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
                  "Param1=value1",
                  "b1edd1d03544c25390e32085d55b57acc9a3961bb59415ff86c45c3d89d16cfb",
                  "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
        SuiteCase{"get_header_value_trim",
                  "GET",
                  "/",
                  {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
                  "",
                  "",
                  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        SuiteCase{"get_space_unnormalized",
                  "GET",
                  "/example space/",
                  {},
                  "",
                  "",
                  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"}),
    [](auto const& test) { return std::string(test.param.name); });

std::string signature_of(http::Request const& request) {
    return signature_in(request.headers.get("authorization"));
}

// Computed with botocore 1.43 over the same input.
TEST(Signing, AgreesWithBotocoreOnEcr) {
    ApiCall call{"api.ecr.us-east-1.amazonaws.com",
                 {"us-east-1", "ecr"},
                 "application/x-amz-json-1.1",
                 "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
                 R"({"registryIds":["123456789012"]})"};
    http::Request const request = sign(call, keys(), when);
    EXPECT_EQ(request.headers.get("authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecr/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
              "Signature=a319693d5b44a9df7eaed9d9b1e9035b22ef7839621896473f27d5e9f4cc060d");
    EXPECT_EQ(request.url, "https://api.ecr.us-east-1.amazonaws.com/");
    call.body = "{}";
    http::Request const with_token = sign(call, keys("FQoGZXIvYXdzEXAMPLE"), when);
    EXPECT_EQ(signature_of(with_token),
              "919a009dcb2317fd7b76947b14375bd317d166d7bb00775b44666f4e4100e3c9");
    EXPECT_EQ(with_token.headers.get("x-amz-security-token"), "FQoGZXIvYXdzEXAMPLE");
}

TEST(Signing, AgreesWithBotocoreOnSts) {
    ApiCall const call{"sts.us-east-1.amazonaws.com",
                       {"us-east-1", "sts"},
                       "application/x-www-form-urlencoded; charset=utf-8",
                       "",
                       encode_form({{"Action", "AssumeRole"},
                                    {"Version", "2011-06-15"},
                                    {"RoleArn", "arn:aws:iam::123456789012:role/pull"},
                                    {"RoleSessionName", "imagepull"},
                                    {"DurationSeconds", "3600"},
                                    {"ExternalId", "ext-1"}})};
    EXPECT_EQ(sha256_hex(call.body),
              "66bae0226ecbbaa469848ac655e311b2798bd183b197cdc19ef9eb4aecf7b445");
    EXPECT_EQ(signature_of(sign(call, keys(), when)),
              "abe143e48fa17125d248c339b6f0393c55021b06dbb6d1bf3a7c5d67ba147e9c");
}

TEST(Signing, TheQueryIsSortedAndEncoded) {
    std::string const canonical =
        canonical_request("GET", "/", {{"b", "a b*~/"}, {"a", ""}}, {{"host", "x"}}, "hash");
    EXPECT_EQ(canonical, "GET\n/\na=&b=a%20b%2A~%2F\nhost:x\n\nhost\nhash");
}

TEST(Signing, ThePathKeepsItsSlashes) {
    EXPECT_EQ(canonical_uri(""), "/");
    EXPECT_EQ(canonical_uri("/"), "/");
    EXPECT_EQ(canonical_uri("/a%20b/c"), "/a%2520b/c");
}

}  // namespace
}  // namespace rt::op::amazon
