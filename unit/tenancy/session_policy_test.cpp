#include "lib/tenancy/session_policy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::in_namespace;
using testing::repository;
using testing::whole;

AlibabaAcrSpec instance() {
    AlibabaAcrSpec spec;
    spec.instance_id = "cri-shanghai-shared01";
    spec.region = "cn-shanghai";
    return spec;
}

constexpr std::string_view account = "1146716667364888";

std::string policy_of(std::vector<AllowEntry> const& allow) {
    auto const policy = acr_session_policy(instance(), account, allow);
    return policy ? *policy : "error: " + policy.error().message;
}

TEST(AcrSessionPolicy, IsExactlyThisText) {
    EXPECT_EQ(policy_of({in_namespace("cainiao")}),
              R"({"Version":"1","Statement":[)"
              R"({"Effect":"Allow","Action":"cr:GetAuthorizationToken","Resource":"*"},)"
              R"({"Effect":"Allow","Action":"cr:PullRepository","Resource":[)"
              R"("acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/cainiao/*")"
              R"(]}]})");
}

std::vector<std::string> resources(std::vector<AllowEntry> const& allow) {
    auto const policy = parse_json(policy_of(allow));
    EXPECT_TRUE(policy);
    std::vector<std::string> out;
    std::string const prefix =
        "acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/";
    for (auto const& resource : (*policy)["Statement"][1]["Resource"]) {
        auto const text = resource.get<std::string>();
        EXPECT_TRUE(text.starts_with(prefix)) << text;
        out.push_back(text.substr(prefix.size()));
    }
    return out;
}

using Paths = std::vector<std::string>;

TEST(AcrSessionPolicy, NamesNamespacesRepositoriesAndTheWholeInstance) {
    EXPECT_EQ(resources({in_namespace("a/b")}), Paths{"a/b/*"});
    EXPECT_EQ(resources({repository("base/jdk")}), Paths{"base/jdk"});
    EXPECT_EQ(resources({whole()}), Paths{"*"});
    EXPECT_EQ(resources({repository("base/jdk"), in_namespace("cainiao")}),
              (Paths{"base/jdk", "cainiao/*"}));
}

TEST(AcrSessionPolicy, LeavesOutWhatOtherEntriesInclude) {
    EXPECT_EQ(
        resources({in_namespace("a"), in_namespace("a/b"), repository("a/c"), repository("a")}),
        (Paths{"a", "a/*"}));
    EXPECT_EQ(resources({whole(), in_namespace("a"), repository("b")}), Paths{"*"});
    EXPECT_EQ(resources({in_namespace("a"), in_namespace("a-b"), repository("a-b/c")}),
              (Paths{"a-b/*", "a/*"}));
    EXPECT_EQ(resources({in_namespace("a"), in_namespace("a")}), Paths{"a/*"});
}

TEST(AcrSessionPolicy, TheRegistrysOwnAccountGoesBeforeTheRoles) {
    AlibabaAcrSpec spec = instance();
    spec.account_id = "9999999999999999";
    auto const policy =
        acr_session_policy(spec, account, std::vector<AllowEntry>{in_namespace("a")});
    ASSERT_TRUE(policy);
    EXPECT_NE(policy->find("cn-shanghai:9999999999999999:repository"), std::string::npos);
    EXPECT_EQ(policy->find(account), std::string::npos);
}

TEST(AcrSessionPolicy, FitsToTheByteOrIsRefusedWithTheFigures) {
    // Bytes of one long namespace in a policy are its length plus a constant, so the edge can be
    // hit exactly by eight of them.
    auto const with_bytes = [](std::size_t wanted) {
        std::vector<AllowEntry> allow;
        for (char name = 'a'; name < 'h'; ++name) {
            allow.push_back(in_namespace(std::string(150, name)));
        }
        allow.push_back(in_namespace("h"));
        std::size_t const base = policy_of(allow).size();
        allow.back().path = std::string(1 + wanted - base, 'h');
        return allow;
    };
    EXPECT_EQ(policy_of(with_bytes(2047)).size(), 2047U);
    std::string const refused = policy_of(with_bytes(2048));
    EXPECT_NE(refused.find("2048 bytes for 8 paths"), std::string::npos) << refused;
    EXPECT_EQ(refused.find(account), std::string::npos);
}

TEST(AcrSessionPolicy, NothingAllowedIsNoPolicy) {
    // An empty list of resources must never be read as "all".
    EXPECT_FALSE(acr_session_policy(instance(), account, {}));
}

AmazonEcrSpec ecr_in(std::string region) {
    AmazonEcrSpec spec;
    spec.registry_id = "111122223333";
    spec.region = std::move(region);
    return spec;
}

TEST(EcrSessionPolicy, IsExactlyThisText) {
    auto const policy = ecr_session_policy(
        ecr_in("eu-central-1"),
        std::vector<AllowEntry>{in_namespace("payments"), repository("base/jdk")});
    ASSERT_TRUE(policy);
    EXPECT_EQ(*policy, R"({"Version":"2012-10-17","Statement":[)"
                       R"({"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},)"
                       R"({"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability",)"
                       R"("ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Resource":[)"
                       R"("arn:aws:ecr:eu-central-1:111122223333:repository/base/jdk",)"
                       R"("arn:aws:ecr:eu-central-1:111122223333:repository/payments/*"]}]})");
}

TEST(EcrSessionPolicy, ResourcesAreOfTheRegionsPartition) {
    for (auto const& [region, begin] : std::vector<std::pair<std::string, std::string>>{
             {"cn-north-1", "\"arn:aws-cn:ecr:cn-north-1:111122223333:repository/*\""},
             {"us-gov-west-1", "\"arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/*\""}}) {
        auto const policy = ecr_session_policy(ecr_in(region), std::vector<AllowEntry>{whole()});
        ASSERT_TRUE(policy);
        EXPECT_NE(policy->find(begin), std::string::npos) << *policy;
    }
}

TEST(EcrSessionPolicy, FitsToTheCharacterOrIsRefusedWithTheFigures) {
    auto const with_bytes = [](std::size_t wanted) {
        std::vector<AllowEntry> allow;
        for (char name = 'a'; name < 'h'; ++name) {
            allow.push_back(in_namespace(std::string(150, name)));
        }
        allow.push_back(in_namespace("h"));
        std::size_t const base = ecr_session_policy(ecr_in("eu-central-1"), allow)->size();
        allow.back().path = std::string(1 + wanted - base, 'h');
        return ecr_session_policy(ecr_in("eu-central-1"), allow);
    };
    EXPECT_EQ(with_bytes(2048)->size(), 2048U);
    auto const refused = with_bytes(2049);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("2049 bytes for 8 paths"), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(refused.error().message.find("111122223333"), std::string::npos);
}

TEST(EcrSessionPolicy, NothingAllowedIsNoPolicy) {
    EXPECT_FALSE(ecr_session_policy(ecr_in("eu-central-1"), {}));
}

}  // namespace
}  // namespace rt::tenancy
