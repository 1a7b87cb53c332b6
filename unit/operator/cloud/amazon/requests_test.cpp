#include "operator/cloud/amazon/requests.hpp"

#include <gtest/gtest.h>

namespace rt::op::amazon {
namespace {

tenancy::AmazonEcrSpec in_region(std::string region) {
    tenancy::AmazonEcrSpec spec;
    spec.registry_id = "111122223333";
    spec.region = std::move(region);
    return spec;
}

TEST(Requests, EndpointsFollowRegionAndPartition) {
    struct Case {
        std::string region, sts, ecr;
    };
    for (auto const& c : std::vector<Case>{
             {"eu-central-1", "sts.eu-central-1.amazonaws.com",
              "api.ecr.eu-central-1.amazonaws.com"},
             {"cn-north-1", "sts.cn-north-1.amazonaws.com.cn",
              "api.ecr.cn-north-1.amazonaws.com.cn"},
             {"us-gov-west-1", "sts.us-gov-west-1.amazonaws.com",
              "api.ecr.us-gov-west-1.amazonaws.com"},
         }) {
        EXPECT_EQ(endpoints_of(in_region(c.region)).sts, c.sts);
        EXPECT_EQ(endpoints_of(in_region(c.region)).ecr, c.ecr);
    }
}

TEST(Requests, MetadataIsVersionTwo) {
    http::Request const token = metadata_token_request();
    EXPECT_EQ(token.method, "PUT");
    EXPECT_EQ(token.url, "http://169.254.169.254/latest/api/token");
    EXPECT_TRUE(token.headers.has("x-aws-ec2-metadata-token-ttl-seconds"));
    http::Request const keys = metadata_credentials_request("role/../x", SecretString("tok"));
    EXPECT_EQ(keys.headers.get("x-aws-ec2-metadata-token"), "tok");
    EXPECT_EQ(keys.url,
              "http://169.254.169.254/latest/meta-data/iam/security-credentials/role%2F..%2Fx");
}

TEST(Requests, TheAgentOfPodIdentityGetsTheTokenAsItIs) {
    auto const request =
        pod_identity_request("http://169.254.170.23/v1/credentials", SecretString("ey.one.x"));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->method, "GET");
    EXPECT_EQ(request->url, "http://169.254.170.23/v1/credentials");
    EXPECT_EQ(request->headers.get("authorization"), "ey.one.x");
    auto const lines = pod_identity_request("http://169.254.170.23/v1/credentials",
                                            SecretString("ey.one.x\r\nX-Other: 1"));
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(lines.error().message.find("ey.one"), std::string::npos);
}

TEST(Requests, PlainHttpLeadsToTheAgentAloneAndHttpsAnywhere) {
    for (auto const& [url, goes] : std::vector<std::pair<std::string, bool>>{
             {"http://169.254.170.23/v1/credentials", true},
             {"http://[fd00:ec2::23]/v1/credentials", true},
             {"http://169.254.170.23:80/v1/credentials", true},
             {"http://[fd00:ec2::23]:80/v1/credentials", true},
             {"http://localhost:2703/v1/credentials", true},
             {"http://127.0.0.1/", true},
             {"http://[::1]:1/", true},
             {"https://agent.example.com/v1/credentials", true},
             {"http://agent.example.com/v1/credentials", false},
             {"http://169.254.170.24/v1/credentials", false},
             {"http://169.254.170.23.example.com/", false},
             {"http://169.254.170.23@example.com/", false},
             {"http://169.254.170.23:80@example.com/", false},
             {"https://a@example.com/", false},
             {"http://[fd00:ec2::24]/", false},
             {"http://[fd00:ec2::23].example.com/", false},
             {"http://example.com/http://169.254.170.23/", false},
             {"HTTP://example.com/", false},
             {"ftp://169.254.170.23/", false},
             {"file:///etc/passwd", false},
             {"169.254.170.23/v1/credentials", false},
             {"http:///v1/credentials", false},
             {"https:///v1/credentials", false},
             {"", false},
         }) {
        EXPECT_EQ(pod_identity_request(url, SecretString("t")).has_value(), goes) << url;
    }
}

TEST(Requests, AssumeRoleIsExactlyThisForm) {
    AssumeRole parameters{.role_arn = "arn:aws:iam::111122223333:role/pull",
                          .session_name = "demo.team-a"};
    auto const plain = assume_role_call(in_region("eu-central-1"), parameters);
    EXPECT_EQ(plain.body,
              "Action=AssumeRole&Version=2011-06-15&"
              "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fpull&"
              "RoleSessionName=demo.team-a&DurationSeconds=3600");
    EXPECT_EQ(plain.scope.region, "eu-central-1");
    EXPECT_EQ(plain.scope.service, "sts");
    parameters.external_id = "demo";
    parameters.policy = "{}";
    parameters.tag_cluster = "demo";
    parameters.tag_namespace = "team-a";
    EXPECT_EQ(assume_role_call(in_region("eu-central-1"), parameters).body,
              plain.body +
                  "&ExternalId=demo&Policy=%7B%7D&Tags.member.1.Key=kubernetes-cluster&"
                  "Tags.member.1.Value=demo&Tags.member.2.Key=kubernetes-namespace&"
                  "Tags.member.2.Value=team-a");
}

TEST(Requests, AWebIdentityIsNotSigned) {
    http::Request const request =
        web_identity_request(in_region("cn-north-1"),
                             {.role_arn = "arn:aws-cn:iam::111122223333:role/base",
                              .session_name = "demo.ours",
                              .external_id = "never sent",
                              .policy = "{}"},
                             SecretString("ey.x.y"));
    EXPECT_EQ(request.url, "https://sts.cn-north-1.amazonaws.com.cn/");
    EXPECT_FALSE(request.headers.has("authorization"));
    EXPECT_NE(request.body.find("&WebIdentityToken=ey.x.y"), std::string::npos);
    EXPECT_NE(request.body.find("&Policy=%7B%7D"), std::string::npos);
    EXPECT_EQ(request.body.find("ExternalId"), std::string::npos);
}

TEST(Requests, SessionNamesFitSixtyFourCharactersAndStayDistinct) {
    EXPECT_EQ(session_name("demo", "team-a"), "demo.team-a");
    EXPECT_EQ(session_name("a b/c", "x"), "a-b-c.x");
    std::string const cluster = "9d2f6a1e-5f5b-4d87-9f1f-6f7c1f8c3a11";
    EXPECT_EQ(session_name(cluster, std::string(27, 'n')), cluster + "." + std::string(27, 'n'));
    std::string const one = session_name(cluster, std::string(62, 'n') + "1");
    std::string const two = session_name(cluster, std::string(62, 'n') + "2");
    EXPECT_EQ(one.size(), 64U);
    EXPECT_NE(one, two);
    EXPECT_NE(one, session_name(cluster + "0", std::string(62, 'n') + "1"));
}

}  // namespace
}  // namespace rt::op::amazon
