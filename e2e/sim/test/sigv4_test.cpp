#include "e2e/sim/common/sigv4.hpp"

#include <gtest/gtest.h>

#include "e2e/sim/common/crypto.hpp"

namespace sim {
namespace {

using Headers = std::map<std::string, std::string>;

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view date = "20150830T123600Z";

struct Vector {
    std::string method, path;
    Headers headers;
    std::string body, signature;
};

// The AWS signing test suite (aws-c-auth, v4) with its keys, region and service.
TEST(SigV4, AgreesWithThePublishedSuite) {
    std::vector<Vector> const vectors{
        {"GET", "/", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET",
         "/",
         {{"x-amz-security-token",
           "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
         "",
         "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
        {"POST", "/", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"GET",
         "/",
         {{"my-header1", "value1"}, {"my-header2", "\"a   b   c\""}},
         "",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"GET",
         "/example space/",
         {},
         "",
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"}};
    for (Vector const& vector : vectors) {
        Headers headers = vector.headers;
        headers["host"] = "example.amazonaws.com";
        headers["x-amz-date"] = std::string(date);
        std::string const canonical = sigv4_canonical_request(vector.method, vector.path, {},
                                                              headers, sha256_hex(vector.body));
        EXPECT_EQ(sigv4_signature(secret, date, "us-east-1", "service", canonical),
                  vector.signature)
            << canonical;
    }
}

// botocore 1.43 over the same input.
TEST(SigV4, AgreesWithBotocoreOnEcr) {
    Headers const headers{
        {"content-type", "application/x-amz-json-1.1"},
        {"host", "api.ecr.us-east-1.amazonaws.com"},
        {"x-amz-date", std::string(date)},
        {"x-amz-security-token", "FQoGZXIvYXdzEXAMPLE"},
        {"x-amz-target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"}};
    EXPECT_EQ(sigv4_signature(secret, date, "us-east-1", "ecr",
                              sigv4_canonical_request("POST", "/", {}, headers, sha256_hex("{}"))),
              "919a009dcb2317fd7b76947b14375bd317d166d7bb00775b44666f4e4100e3c9");
}

}  // namespace
}  // namespace sim
