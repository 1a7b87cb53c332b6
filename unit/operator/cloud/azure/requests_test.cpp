#include "operator/cloud/azure/requests.hpp"

#include <gtest/gtest.h>

namespace rt::op::azure {
namespace {

using Cloud = tenancy::AzureAcrSpec::Cloud;

std::string const tenant = "11111111-aaaa-4bbb-8ccc-000000000001";

tenancy::AzureAcrSpec in_cloud(Cloud cloud) {
    tenancy::AzureAcrSpec spec;
    spec.tenant_id = tenant;
    spec.cloud = cloud;
    return spec;
}

TEST(AzureRequests, TokensAreAskedForAtTheCloudsOwnAuthority) {
    struct Case {
        Cloud cloud;
        std::string authority;
    };
    for (auto const& c : std::vector<Case>{{Cloud::Public, "login.microsoftonline.com"},
                                           {Cloud::China, "login.partner.microsoftonline.cn"},
                                           {Cloud::UsGovernment, "login.microsoftonline.us"}}) {
        EXPECT_EQ(authority_of(c.cloud), c.authority);
        http::Request const request = secret_request(in_cloud(c.cloud), "client",
                                                     SecretString("secret"), registries_resource);
        EXPECT_EQ(request.url, "https://" + c.authority + "/" + tenant + "/oauth2/v2.0/token");
        EXPECT_NE(request.body.find("scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default"),
                  std::string::npos)
            << "one audience in all clouds";
    }
}

TEST(AzureRequests, AnAssertionIsExactlyThisForm) {
    http::Request const request = assertion_request(in_cloud(Cloud::Public), "client",
                                                    SecretString("ey.a+b.c"), registries_resource);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.headers.get("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(request.body,
              "grant_type=client_credentials&client_id=client&"
              "scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default&"
              "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
              "jwt-bearer&client_assertion=ey.a%2Bb.c");
}

TEST(AzureRequests, ASecretIsExactlyThisForm) {
    EXPECT_EQ(secret_request(in_cloud(Cloud::Public), "client", SecretString("a~b&c"),
                             registries_resource)
                  .body,
              "grant_type=client_credentials&client_id=client&"
              "scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default&client_secret=a~b%26c");
}

TEST(AzureRequests, TheMetadataServiceWantsItsHeaderAndMayBeToldTheIdentity) {
    http::Request const own = managed_identity_request("", registries_resource);
    EXPECT_EQ(own.method, "GET");
    EXPECT_EQ(own.url,
              "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
              "resource=https%3A%2F%2Fcontainerregistry.azure.net");
    EXPECT_EQ(own.headers.get("metadata"), "true");
    EXPECT_EQ(managed_identity_request("client", registries_resource).url,
              own.url + "&client_id=client");
}

TEST(AzureRequests, TheExchangeGoesToTheRegistryItself) {
    http::Request const request =
        exchange_request("team.azurecr.io", tenant, SecretString("ey.x.y"));
    EXPECT_EQ(request.url, "https://team.azurecr.io/oauth2/exchange");
    EXPECT_EQ(request.body, "grant_type=access_token&service=team.azurecr.io&tenant=" + tenant +
                                "&access_token=ey.x.y");
    EXPECT_FALSE(request.headers.has("authorization"));
}

}  // namespace
}  // namespace rt::op::azure
