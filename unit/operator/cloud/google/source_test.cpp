#include "operator/cloud/google/source.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"
#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::google {
namespace {

using namespace std::chrono_literals;
using Type = tenancy::Identity::Type;

std::string const metadata =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/";
std::string const sts = "https://sts.googleapis.com/v1/token";
std::string const email = "pull-payments@acme-images.iam.gserviceaccount.com";
std::string const credentials_api =
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    "pull-payments%40acme-images.iam.gserviceaccount.com:generateAccessToken";
std::string const provider =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/demo";

std::string relative(std::string const& token, int seconds = 3599) {
    return R"({"access_token":")" + token + R"(","expires_in":)" + std::to_string(seconds) +
           R"(,"token_type":"Bearer"})";
}

std::string absolute(std::string const& token,
                     std::string const& expires = "2026-01-02T04:04:05Z") {
    return R"({"accessToken":")" + token + R"(","expireTime":")" + expires + R"("})";
}

std::string api_error(int http, std::string const& status, std::string const& text) {
    return R"({"error":{"code":)" + std::to_string(http) + R"(,"message":")" + text +
           R"(","status":")" + status + R"("}})";
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class GoogleSourceTest : public SourceTest {
  protected:
    GoogleSourceTest()
        : SourceTest("shared-gar", tenancy::RegistryType::GoogleArtifactRegistry,
                     "europe-west3-docker.pkg.dev") {
        registry_->google_artifact_registry =
            tenancy::GoogleArtifactRegistrySpec{"europe-west3", {}};
        registry_->allow_unnarrowed = true;
        spec_.role = *tenancy::Role::parse(email);
        spec_.session_duration_seconds = 3600;
        spec_.allow = {{tenancy::AllowEntry::Kind::Namespace, "acme-images/payments", ""}};
        token_file_ = testing::TempDir() + "google-token-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
        CredentialSourceContext mine = context();
        mine.google_token_file = token_file_;
        source_ = make_source(mine);
    }
    ~GoogleSourceTest() override { std::remove(token_file_.c_str()); }

    Result<RegistryCredential> mint() {
        return source_->mint({spec_, "payments-prod", "demo"}, std::stop_token());
    }
    void use(Type type) {
        tenancy::Identity identity;
        identity.type = type;
        identity.audience = provider;
        registry_->google_artifact_registry->identity = identity;
    }
    void write_token(std::string const& content) { std::ofstream(token_file_) << content; }

    test::ScriptedTransport::Step& expect_metadata(std::string const& token = "ya29.node",
                                                   int seconds = 3599) {
        return clouds_.expect("GET", metadata + "default/token")
            .with_header("Metadata-Flavor", "Google")
            .answer(200, relative(token, seconds), {{"Metadata-Flavor", "Google"}});
    }
    test::ScriptedTransport::Step& expect_impersonation(std::string const& base) {
        return clouds_.expect("POST", credentials_api)
            .with_header("Authorization", "Bearer " + base)
            .answer(200, absolute("ya29.c.minted"));
    }

    std::string token_file_;
    std::unique_ptr<CredentialSource> source_;
};

TEST_F(GoogleSourceTest, GoesFromTheMetadataServerOverImpersonationToDockerLogin) {
    expect_metadata();
    expect_impersonation("ya29.node").with_body_that("read-only, an hour", [](auto const& body) {
        return has(body, "cloud-platform.read-only") && has(body, R"("lifetime":"3600s")");
    });
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "oauth2accesstoken");
    EXPECT_EQ(credential->password.reveal(), "ya29.c.minted");
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h);
}

TEST_F(GoogleSourceTest, AsksForTheServiceAccountThatTheRegistryNames) {
    registry_->google_artifact_registry->identity.service_account = "node@acme.example";
    clouds_.expect("GET", metadata + "node%40acme.example/token")
        .answer(200, relative("ya29.other"), {{"Metadata-Flavor", "Google"}});
    expect_impersonation("ya29.other");
    EXPECT_TRUE(mint().has_value());
}

TEST_F(GoogleSourceTest, SharesTheNodesTokenBetweenMintsUntilItsEndIsNear) {
    expect_metadata();
    expect_impersonation("ya29.node");
    expect_impersonation("ya29.node");
    EXPECT_TRUE(mint().has_value());
    EXPECT_TRUE(mint().has_value());
    clock_.advance(51min);
    expect_metadata("ya29.next");
    clouds_.expect("POST", credentials_api)
        .with_header("Authorization", "Bearer ya29.next")
        .answer(200, absolute("ya29.c.minted", "2026-01-02T05:04:05Z"));
    EXPECT_TRUE(mint().has_value());
}

TEST_F(GoogleSourceTest, SomebodyElseAtTheMetadataServersAddressIsNotBelieved) {
    clouds_.expect("GET", metadata + "default/token").answer(200, relative("ya29.fake"));
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Corrupt);
    EXPECT_TRUE(has(credential.error().message, "GCE metadata server"));
    EXPECT_FALSE(has(credential.error().message, "ya29"));
}

TEST_F(GoogleSourceTest, AMetadataServerOutOfReachIsNamed) {
    clouds_.expect("GET", metadata + "default/token")
        .fail({ErrorKind::Unavailable, "can't resolve metadata.google.internal"});
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_TRUE(credential.error().retryable());
    EXPECT_TRUE(has(credential.error().message, "is this a node of Google Cloud"))
        << credential.error().message;
}

TEST_F(GoogleSourceTest, TheOperatorsTokenIsExchangedAndThenImpersonates) {
    use(Type::OIDC);
    write_token("ey.one.x\n");
    clouds_.expect("POST", sts)
        .with_body_that("the pool's provider, the token, the whole scope",
                        [](std::string const& body) {
                            return has(body, "providers%2Fdemo&") &&
                                   has(body, "auth%2Fcloud-platform&") &&
                                   body.ends_with("&subject_token=ey.one.x");
                        })
        .answer(200, relative("ya29.d.federated"));
    expect_impersonation("ya29.d.federated");
    expect_impersonation("ya29.d.federated");
    ASSERT_TRUE(mint().has_value());
    EXPECT_TRUE(mint().has_value()) << "with the federated token at hand";
    EXPECT_FALSE(clouds_.requests().front().headers.has("authorization"));
}

TEST_F(GoogleSourceTest, WithoutATokenFileOidcIsAnErrorAndAsksNobody) {
    use(Type::OIDC);
    auto const missing = mint();
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
    EXPECT_TRUE(has(missing.error().message, token_file_));
    EXPECT_TRUE(clouds_.requests().empty()) << "no fallback to the node's account";
}

TEST_F(GoogleSourceTest, TheNamespacesOwnTokenIsExchangedAndThenImpersonates) {
    use(Type::ServiceAccount);
    for (int mint_number = 0; mint_number < 2; ++mint_number) {
        clouds_.expect("POST", sts)
            .with_body_that("the whole scope",
                            [](std::string const& body) {
                                return has(body, "auth%2Fcloud-platform&") &&
                                       !body.ends_with("subject_token=");
                            })
            .answer(200, relative("ya29.d.namespace"));
        expect_impersonation("ya29.d.namespace");
        auto const credential = mint();
        ASSERT_TRUE(credential.has_value()) << credential.error().message;
        EXPECT_EQ(credential->password.reveal(), "ya29.c.minted");
    }
}

TEST_F(GoogleSourceTest, WithoutARoleTheFederatedTokenItselfPullsAndCanDoNothingElse) {
    use(Type::ServiceAccount);
    spec_.role = std::nullopt;
    clouds_.expect("POST", sts)
        .with_body_that(
            "the read-only scope",
            [](std::string const& body) { return has(body, "auth%2Fcloud-platform.read-only&"); })
        .answer(200, relative("ya29.d.namespace", 1800));
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "oauth2accesstoken");
    EXPECT_EQ(credential->password.reveal(), "ya29.d.namespace");
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 30min);
}

TEST_F(GoogleSourceTest, AStaleBaseTokenIsFetchedAgainOnce) {
    expect_metadata();
    clouds_.expect("POST", credentials_api).answer(401, api_error(401, "UNAUTHENTICATED", "x"));
    expect_metadata("ya29.fresh");
    expect_impersonation("ya29.fresh");
    EXPECT_TRUE(mint().has_value());

    clouds_.expect("POST", credentials_api).answer(401, api_error(401, "UNAUTHENTICATED", "x"));
    expect_metadata("ya29.again");
    clouds_.expect("POST", credentials_api).answer(401, api_error(401, "UNAUTHENTICATED", "x"));
    auto const refused = mint();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::Unauthenticated);
}

TEST_F(GoogleSourceTest, AnAccountThatMayNotBeImpersonatedSaysWhichAndHowToFixIt) {
    expect_metadata();
    clouds_.expect("POST", credentials_api)
        .answer(403, api_error(403, "PERMISSION_DENIED",
                               "Permission 'iam.serviceAccounts.getAccessToken' denied"));
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Forbidden);
    EXPECT_TRUE(credential.error().message.starts_with("generateAccessToken of " + email +
                                                       ": PERMISSION_DENIED: "))
        << credential.error().message;
    EXPECT_TRUE(has(credential.error().message, "roles/iam.serviceAccountTokenCreator"));
}

TEST_F(GoogleSourceTest, ACredentialThatArrivesExpiredIsAnError) {
    expect_metadata();
    clouds_.expect("POST", credentials_api)
        .answer(200, absolute("ya29.c.minted", "2026-01-02T03:04:05Z"));
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Expired);
}

TEST_F(GoogleSourceTest, TheLifeIsWhatTheServersClockSaysAndTwelveHoursAtMost) {
    expect_metadata();
    clouds_.expect("POST", credentials_api)
        .answer(200, absolute("ya29.c.minted", "2026-01-02T06:04:05Z"),
                {{"Date", "Fri, 02 Jan 2026 05:04:05 GMT"}});
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 1h);
    clouds_.expect("POST", credentials_api)
        .answer(200, absolute("ya29.c.minted", "2027-01-02T06:04:05Z"));
    EXPECT_EQ(mint()->expires_at, clock_.wall_now() + 12h);
}

TEST_F(GoogleSourceTest, RolesOfOtherCloudsAndMissingOnesAreRefusedBeforeAnyCall) {
    spec_.role = *tenancy::Role::parse("arn:aws:iam::111122223333:role/ecr-payments");
    EXPECT_EQ(mint().error().kind, ErrorKind::InvalidArgument);
    spec_.role = std::nullopt;
    EXPECT_EQ(mint().error().kind, ErrorKind::InvalidArgument);
    use(Type::OIDC);
    EXPECT_EQ(mint().error().kind, ErrorKind::InvalidArgument);
    EXPECT_TRUE(clouds_.requests().empty());
}

}  // namespace
}  // namespace rt::op::google
