#include "operator/cloud/alibaba/requests.hpp"

#include <gtest/gtest.h>

namespace rt::op::alibaba {
namespace {

TEST(Requests, EndpointsFollowRegionAndNetwork) {
    tenancy::AlibabaAcrSpec spec;
    spec.region = "cn-shanghai";
    EXPECT_EQ(endpoints_of(spec).sts, "sts.cn-shanghai.aliyuncs.com");
    EXPECT_EQ(endpoints_of(spec).acr, "cr.cn-shanghai.aliyuncs.com");
    spec.endpoints = tenancy::AlibabaAcrSpec::Endpoints::Vpc;
    EXPECT_EQ(endpoints_of(spec).sts, "sts-vpc.cn-shanghai.aliyuncs.com");
    EXPECT_EQ(endpoints_of(spec).acr, "cr-vpc.cn-shanghai.aliyuncs.com");
}

TEST(Requests, MetadataRequestsCarryTheTokenOnlyWhenThereIsOne) {
    EXPECT_EQ(metadata_token_request().method, "PUT");
    EXPECT_FALSE(metadata_role_request(SecretString()).headers.has("X-aliyun-ecs-metadata-token"));
    auto const request = metadata_credentials_request("role/../x", SecretString("tok"));
    EXPECT_EQ(request.headers.get("x-aliyun-ecs-metadata-token"), "tok");
    EXPECT_EQ(request.url,
              "http://100.100.100.200/latest/meta-data/ram/security-credentials/role%2F..%2Fx");
}

TEST(Requests, AssumeRoleLeavesOutWhatIsNotAskedFor) {
    auto const call = assume_role_call("sts.x", {.role_arn = "r", .session_name = "s"});
    EXPECT_EQ(call.form.count("ExternalId"), 0U);
    EXPECT_EQ(call.form.count("Policy"), 0U);
    EXPECT_EQ(call.form.at("DurationSeconds"), "3600");
}

TEST(Requests, SessionNameIsReadableWhereItFits) {
    EXPECT_EQ(session_name("demo", "cainiao-prod"), "demo.cainiao-prod");
    EXPECT_EQ(session_name("a b/c", "x"), "a-b-c.x");
}

TEST(Requests, SessionNameIsHashedIntoTheLimitAndStaysDistinct) {
    std::string const cluster = "9d2f6a1e-5f5b-4d87-9f1f-6f7c1f8c3a11";
    std::string const one = session_name(cluster, "team-with-a-rather-long-name-1");
    std::string const two = session_name(cluster, "team-with-a-rather-long-name-2");
    EXPECT_EQ(one.size(), 32U);
    EXPECT_NE(one, two);
    EXPECT_TRUE(one.starts_with("team-with-a-rather-")) << one;
    EXPECT_NE(session_name(cluster, "x"), session_name(cluster + "0", "x"));
}

}  // namespace
}  // namespace rt::op::alibaba
