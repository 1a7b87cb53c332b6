#include "lib/registry/pull_facts.hpp"

#include <gtest/gtest.h>

#include "unit/registry/registries.hpp"

namespace rt::registry {
namespace {

using namespace testing;

TEST(Realms, OfAlibabaCloudAreThoseOfTheRegistrysRegion) {
    auto const registry = acr();
    for (char const* good : {"https://dockerauth.cn-shanghai.aliyuncs.com/auth",
                             "https://dockerauth-vpc.cn-shanghai.aliyuncs.com/auth",
                             "https://dockerauth-ee.cn-shanghai.aliyuncs.com/auth",
                             "https://dockerauth-ee-vpc.cn-shanghai.aliyuncs.com/auth",
                             "https://dockerauth-cn-shanghai.aliyuncs.com/auth"}) {
        EXPECT_TRUE(realm_allowed(registry, acr_host, good)) << good;
    }
    for (char const* bad :
         {"http://dockerauth.cn-shanghai.aliyuncs.com/auth",
          "https://dockerauth.cn-beijing.aliyuncs.com/auth",
          "https://dockerauth.cn-shanghai.aliyuncs.com.evil.example/auth",
          "https://evil-dockerauth.cn-shanghai.aliyuncs.com/auth",
          "https://dockerauth.evil.cn-shanghai.aliyuncs.com/auth",
          "https://dockerauthcn-shanghai.aliyuncs.com/auth",
          "https://dockerauth.cn-shanghai.aliyuncs.com:8443/auth",
          "https://user@dockerauth.cn-shanghai.aliyuncs.com/auth", "", "https://"}) {
        EXPECT_FALSE(realm_allowed(registry, acr_host, bad)) << bad;
    }
    EXPECT_FALSE(realm_allowed(registry, acr_host, std::string("https://") + acr_host + "/auth"));
}

TEST(Realms, ThatArePinnedLeaveNoOther) {
    auto const registry = acr({{"realm", "https://auth.example.com/token"}});
    EXPECT_TRUE(realm_allowed(registry, acr_host, "https://auth.example.com/token"));
    EXPECT_FALSE(realm_allowed(registry, acr_host, "https://auth.example.com/other"));
    EXPECT_FALSE(realm_allowed(registry, acr_host, acr_realm));
}

TEST(Realms, OfOtherTypesStandOnTheHostItself) {
    auto const registry = fixed_login("harbor.example.com:8443");
    std::string const host = "harbor.example.com:8443";
    EXPECT_TRUE(realm_allowed(registry, host, "https://harbor.example.com:8443/service/token"));
    EXPECT_FALSE(realm_allowed(registry, host, "https://harbor.example.com/service/token"));
    EXPECT_TRUE(realm_allowed(registry, "docker.io", "https://auth.docker.io/token"));
    EXPECT_FALSE(realm_allowed(registry, host, "https://auth.docker.io/token"));
    EXPECT_FALSE(realm_allowed(ecr(), ecr_host, std::string("https://") + ecr_host + "/token"));
}

TEST(Permissions, AreInTheCloudsOwnWords) {
    EXPECT_EQ(pull_permission(acr(), "1146716667364888", in_namespace("cainiao")),
              (Permission{{"cr:PullRepository"},
                          "acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/"
                          "cainiao/*"}));
    EXPECT_EQ(
        pull_permission(ecr(), "", {tenancy::AllowEntry::Kind::Repository, "payments/a1", {}}),
        (Permission{
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            "arn:aws:ecr:eu-central-1:111122223333:repository/payments/a1"}));
    EXPECT_EQ(pull_permission(google(), "", in_namespace("acme-images/payments/team")),
              (Permission{{"artifactregistry.repositories.downloadArtifacts"},
                          "projects/acme-images/locations/europe-west3/repositories/payments",
                          "roles/artifactregistry.reader"}));
    EXPECT_EQ(pull_permission(google(), "", in_namespace("acme-images")).resource,
              "projects/acme-images");
    Permission const azure_pull = pull_permission(azure(), "", in_namespace("payments"));
    EXPECT_EQ(azure_pull.actions,
              std::vector<std::string>{"Microsoft.ContainerRegistry/registries/pull/read"});
    EXPECT_EQ(azure_pull.resource, std::string("registry ") + azure_host);
    EXPECT_EQ(azure_pull.role.rfind("AcrPull", 0), 0U);
    tenancy::Registry tokens = azure();
    tokens.azure_acr->scope_map_tokens = tenancy::AzureResource{"subscription", "group", "team1"};
    EXPECT_EQ(pull_permission(tokens, "", in_namespace("payments")),
              (Permission{{"content/read"}, "payments/* in the scope map of the token"}));
    EXPECT_EQ(pull_permission(harbor(), "", in_namespace("cainiao")),
              (Permission{{"repository:pull"}, "project cainiao"}));
    EXPECT_EQ(
        pull_permission(harbor(), "", {tenancy::AllowEntry::Kind::Repository, "cainiao/a1", {}})
            .resource,
        "project cainiao");
    EXPECT_EQ(
        pull_permission(harbor(), "", {tenancy::AllowEntry::Kind::WholeRegistry, "", {}}).resource,
        "every project");
    EXPECT_EQ(pull_permission(fixed_login("a.example.com"), "", in_namespace("x")), Permission{});
}

}  // namespace
}  // namespace rt::registry
