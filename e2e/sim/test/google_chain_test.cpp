#include <cpprest/json.h>

#include "e2e/sim/common/google.hpp"
#include "e2e/sim/gce_metadata.hpp"
#include "e2e/sim/google_iam.hpp"
#include "e2e/sim/google_registry.hpp"
#include "e2e/sim/google_sts.hpp"
#include "e2e/sim/test/simulator_test.hpp"

namespace sim {
namespace {

using web::json::value;
using Headers = std::map<std::string, std::string>;

std::string const pool =
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters";
std::string const provider = pool + "/providers/demo";
std::string const operator_subject =
    "system:serviceaccount:registry-tenancy-system:registry-tenancy-operator";
std::string const cloud_platform = "https://www.googleapis.com/auth/cloud-platform";
std::string const read_only = cloud_platform + ".read-only";
std::string const account = "pull-payments@acme-images.iam.gserviceaccount.com";

std::string text(Response const& response, std::string const& key) {
    value const body = value::parse(response.body);
    return body.has_field(key) && body.at(key).is_string() ? body.at(key).as_string() : "";
}

class GoogleChain : public SimulatorTest {
  protected:
    GoogleChain() {
        store("acme-images/payments/a1");
        store("acme-images/ledger/a1");
    }
    std::string subject_token(std::string const& subject = operator_subject,
                              std::string const& audience = "sts.googleapis.com") const {
        return cluster_token(subject, audience);
    }
    Response exchange(std::string const& token, std::string const& scope = cloud_platform,
                      std::string const& audience = provider) {
        std::string body =
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
            "&requested_token_type=urn:ietf:params:oauth:token-type:access_token"
            "&subject_token_type=urn:ietf:params:oauth:token-type:jwt";
        body += "&audience=" + percent_encode(audience) + "&scope=" + percent_encode(scope) +
                "&subject_token=" + token;
        return ask(sts, "googleSts",
                   {"POST",
                    "/v1/token",
                    "",
                    {{"content-type", "application/x-www-form-urlencoded"}},
                    body});
    }
    Response metadata(std::string const& path, Headers headers = {{"metadata-flavor", "Google"}}) {
        return ask(gce, "gce", {"GET", path, "", std::move(headers), ""});
    }
    std::string node_token() {
        return text(metadata("/computeMetadata/v1/instance/service-accounts/default/token"),
                    "access_token");
    }
    Response impersonate(std::string const& token, std::string const& email = account,
                         std::string const& lifetime = "3600s") {
        return ask(
            iam, "googleIam",
            {"POST",
             "/v1/projects/-/serviceAccounts/" + percent_encode(email) + ":generateAccessToken",
             "",
             {{"authorization", "Bearer " + token}},
             R"({"scope":[")" + read_only + R"("],"lifetime":")" + lifetime + "\"}"});
    }
    Response registry_token(std::string const& password, std::string const& image,
                            std::string const& host = "europe-west3-docker.pkg.dev") {
        Headers headers{{"host", host}};
        if (!password.empty()) {
            headers["authorization"] = "Basic " + base64_encode("oauth2accesstoken:" + password);
        }
        return ask(registry, "googleRegistry",
                   {"GET", "/v2/token", "service=" + host + "&scope=repository:" + image + ":pull",
                    headers, ""});
    }
    Response pull(std::string const& token, std::string const& image,
                  std::string const& host = "europe-west3-docker.pkg.dev") {
        Headers headers{{"host", host}};
        if (!token.empty()) {
            headers["authorization"] = "Bearer " + token;
        }
        return ask(registry, "googleRegistry",
                   {"GET", "/v2/" + image + "/manifests/v0.1", "", headers, ""});
    }
    void expect_pulls_payments_alone(std::string const& password) {
        Response const granted = registry_token(password, "acme-images/payments/a1");
        ASSERT_EQ(granted.status, 200) << granted.body;
        EXPECT_EQ(pull(text(granted, "token"), "acme-images/payments/a1").status, 200);
        EXPECT_EQ(pull(text(granted, "token"), "acme-images/ledger/a1").status, 401);
        Response const refused = registry_token(password, "acme-images/ledger/a1");
        EXPECT_EQ(refused.status, 403);
        EXPECT_NE(refused.body.find("downloadArtifacts"), std::string::npos) << refused.body;
    }

    GceMetadata gce;
    GoogleSts sts{public_key_file};
    GoogleIam iam;
    GoogleRegistry registry{folder};
};

TEST_F(GoogleChain, FromTheNodeToAManifestAndNoFurther) {
    Response const impersonated = impersonate(node_token());
    ASSERT_EQ(impersonated.status, 200) << impersonated.body;
    EXPECT_EQ(text(impersonated, "expireTime"), "2026-01-02T04:04:05Z");
    expect_pulls_payments_alone(text(impersonated, "accessToken"));
}

TEST_F(GoogleChain, FromTheClustersTokenEitherWay) {
    Response const federated = exchange(subject_token());
    ASSERT_EQ(federated.status, 200) << federated.body;
    Response const impersonated = impersonate(text(federated, "access_token"));
    ASSERT_EQ(impersonated.status, 200) << impersonated.body;
    expect_pulls_payments_alone(text(impersonated, "accessToken"));
    // The federated principal holds the reader role itself.
    expect_pulls_payments_alone(text(exchange(subject_token(), read_only), "access_token"));
}

TEST_F(GoogleChain, MetadataAnswersOnlyWhoSaysTheHeader) {
    std::string const path = "/computeMetadata/v1/instance/service-accounts/default/token";
    EXPECT_EQ(metadata(path, {}).status, 403);
    EXPECT_EQ(
        metadata(path, {{"metadata-flavor", "Google"}, {"x-forwarded-for", "10.0.0.1"}}).status,
        403);
    EXPECT_EQ(metadata("/computeMetadata/v1/instance/service-accounts/other@x/token").status, 404);
    Response const by_name = metadata(
        "/computeMetadata/v1/instance/service-accounts/"
        "node%40acme-cluster.iam.gserviceaccount.com/token");
    EXPECT_EQ(by_name.status, 200);
    bool flavored = false;
    for (auto const& [name, content] : by_name.headers) {
        flavored = flavored || (name == "Metadata-Flavor" && content == "Google");
    }
    EXPECT_TRUE(flavored);
}

TEST_F(GoogleChain, StsRefusesWhatGoogleRefuses) {
    auto const error = [](Response const& response) { return text(response, "error"); };
    EXPECT_EQ(error(exchange(subject_token(operator_subject, "vault"))), "invalid_grant");
    EXPECT_EQ(
        error(exchange(cluster_token(operator_subject, "sts.googleapis.com", 600, "https://x"))),
        "invalid_grant");
    EXPECT_EQ(error(exchange(cluster_token(operator_subject, "sts.googleapis.com", -1))),
              "invalid_grant");
    EXPECT_EQ(error(exchange(subject_token("system:serviceaccount:default:default"))),
              "unauthorized_client");
    EXPECT_EQ(error(exchange(subject_token("system:serviceaccount:registry-tenancy-system:" +
                                           std::string(100, 'x')))),
              "invalid_grant")
        << "google.subject has 127 bytes at most";
    EXPECT_EQ(error(exchange(subject_token(), cloud_platform, pool + "/providers/gone")),
              "invalid_target");
    EXPECT_EQ(error(exchange(subject_token(), cloud_platform, "sts.googleapis.com")),
              "invalid_request");
    EXPECT_EQ(error(exchange(subject_token(), "")), "invalid_scope");
    std::string damaged = subject_token();
    damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_EQ(error(exchange(damaged)), "invalid_grant");
    EXPECT_EQ(exchange(subject_token(operator_subject, "https:" + provider)).status, 200);
}

TEST_F(GoogleChain, ImpersonationNeedsTheRoleTheScopeAndALivingToken) {
    auto const status = [](Response const& response) {
        value const body = value::parse(response.body);
        return body.has_field("error") ? body.at("error").at("status").as_string()
                                       : std::string("OK");
    };
    std::string const node = node_token();
    EXPECT_EQ(status(impersonate(node, "pull-nobody@acme-images.iam.gserviceaccount.com")),
              "PERMISSION_DENIED");
    EXPECT_EQ(status(impersonate(node, "gone@acme-images.iam.gserviceaccount.com")), "NOT_FOUND");
    EXPECT_EQ(status(impersonate(node, account, "3601s")), "INVALID_ARGUMENT");
    EXPECT_EQ(status(impersonate(node, account, "an hour")), "INVALID_ARGUMENT");
    EXPECT_EQ(status(impersonate("ya29.c.forged")), "UNAUTHENTICATED");
    std::string const narrow = text(impersonate(node), "accessToken");
    EXPECT_EQ(status(impersonate(narrow)), "PERMISSION_DENIED") << "it has the read-only scope";
    now += std::chrono::hours(1);
    EXPECT_EQ(status(impersonate(node)), "UNAUTHENTICATED");
}

TEST_F(GoogleChain, TheRegistryAsksForATokenAndKnowsWhenItEnds) {
    Response const challenge = pull("", "acme-images/payments/a1");
    ASSERT_EQ(challenge.status, 401);
    bool found = false;
    for (auto const& [name, content] : challenge.headers) {
        found = found || (name == "WWW-Authenticate" &&
                          content ==
                              "Bearer realm=\"https://europe-west3-docker.pkg.dev/v2/token\","
                              "service=\"europe-west3-docker.pkg.dev\",scope=\"repository:"
                              "acme-images/payments/a1:pull\"");
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(registry_token("", "acme-images/payments/a1").status, 403) << "nobody may";
    EXPECT_EQ(registry_token("ya29.c.forged", "acme-images/payments/a1").status, 401);
    std::string const password = text(impersonate(node_token()), "accessToken");
    EXPECT_EQ(
        registry_token(password, "acme-images/payments/a1", "europe-north1-docker.pkg.dev").status,
        403)
        << "the repository of another location";
    EXPECT_EQ(registry_token(password, "acme-images/payments").status, 403) << "no image";
    std::string const token = text(registry_token(password, "acme-images/payments/a1"), "token");
    now += std::chrono::hours(1);
    EXPECT_EQ(registry_token(password, "acme-images/payments/a1").status, 401);
    EXPECT_EQ(pull(token, "acme-images/payments/a1").status, 401);
}

TEST_F(GoogleChain, AnybodyPullsWhereAllUsersAreReaders) {
    std::string const host = "europe-west4-docker.pkg.dev";
    store("acme-images/open/a1");
    Response const granted = registry_token("", "acme-images/open/a1", host);
    ASSERT_EQ(granted.status, 200) << granted.body;
    EXPECT_EQ(pull(text(granted, "token"), "acme-images/open/a1", host).status, 200);
    EXPECT_EQ(registry_token("", "acme-images/payments/a1", host).status, 403);
    EXPECT_EQ(registry_token("ya29.c.forged", "acme-images/open/a1", host).status, 401)
        << "a wrong login is not nobody's";
}

TEST(GoogleWorld, RefusesWhatItCantRead) {
    EXPECT_THROW(AttributeCondition("assertion.sub == \"x\""), std::runtime_error);
    EXPECT_THROW(AttributeCondition("true"), std::runtime_error);
    AttributeCondition const either("assertion.sub == 'a' || assertion.sub.startsWith('b:')");
    EXPECT_TRUE(either.holds("a"));
    EXPECT_TRUE(either.holds("b:c"));
    EXPECT_FALSE(either.holds("ab:"));
    EXPECT_THROW(GooglePolicy().add("roles/owner", {"allUsers"}), std::runtime_error);
}

}  // namespace
}  // namespace sim
