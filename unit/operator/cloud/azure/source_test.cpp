#include "operator/cloud/azure/source.hpp"

#include <cstdio>
#include <fstream>

#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::azure {
namespace {

using namespace std::chrono_literals;
using Type = tenancy::Identity::Type;

std::string const tenant = "11111111-aaaa-4bbb-8ccc-000000000001";
std::string const own_client = "a0000000-0000-4000-8000-000000000003";
std::string const role = "a0000000-0000-4000-8000-000000000004";
std::string const metadata =
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
    "resource=https%3A%2F%2Fcontainerregistry.azure.net";
std::string const entra = "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/token";
std::string const exchange = "https://team.azurecr.io/oauth2/exchange";

std::string const access = R"({"token_type":"Bearer","access_token":"ey.aad.x","expires_in":3600})";

/// A refresh token that ends so many seconds after 1970.
std::string refresh(std::int64_t ends) {
    std::string payload = base64_encode("{\"exp\":" + std::to_string(ends) + "}");
    return R"({"refresh_token":"ey.)" + payload.substr(0, payload.find('=')) + R"(.sig"})";
}

/// 2026-01-02T06:04:05Z, three hours after the fake clock's start.
std::int64_t const in_three_hours = 1767333845;

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class AzureSourceTest : public SourceTest {
  protected:
    AzureSourceTest() : SourceTest("team", tenancy::RegistryType::AzureACR, "team.azurecr.io") {
        registry_->allow_unnarrowed = true;
        registry_->azure_acr = tenancy::AzureAcrSpec{tenant, {}, {}};
        spec_.allow = {{tenancy::AllowEntry::Kind::Namespace, "payments", ""}};
        token_file_ = testing::TempDir() + "azure-token-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
        CredentialSourceContext context = this->context();
        context.azure_token_file = token_file_;
        source_ = make_source(context);
    }
    ~AzureSourceTest() override { std::remove(token_file_.c_str()); }

    Result<RegistryCredential> mint() {
        return source_->mint({spec_, "payments-prod", "demo"}, std::stop_token());
    }
    void use(Type type) { registry_->azure_acr->identity.type = type; }
    void use_oidc(std::string const& token = "ey.cluster.x\n") {
        use(Type::OIDC);
        registry_->azure_acr->identity.client_id = own_client;
        std::ofstream(token_file_) << token;
    }
    void name_role() { spec_.role = *tenancy::Role::parse(role); }
    void expect_exchange(std::int64_t ends = in_three_hours) {
        clouds_.expect("POST", exchange)
            .with_body_that("Entra ID's token, for this registry and tenant",
                            [](std::string const& body) {
                                return has(body, "&service=team.azurecr.io&") &&
                                       has(body, "&tenant=" + tenant + "&") &&
                                       body.ends_with("&access_token=ey.aad.x");
                            })
            .answer(200, refresh(ends));
    }
    void expect_entra(std::string const& client_id, std::string const& proof) {
        clouds_.expect("POST", entra)
            .with_body_that("client and proof",
                            [=](std::string const& body) {
                                return has(body, "&client_id=" + client_id + "&") &&
                                       body.ends_with(proof);
                            })
            .answer(200, access);
    }
    void expect_fails(ErrorKind kind, std::string_view part) {
        auto const credential = mint();
        ASSERT_FALSE(credential.has_value());
        EXPECT_EQ(credential.error().kind, kind) << credential.error().message;
        EXPECT_TRUE(has(credential.error().message, part)) << credential.error().message;
    }

    std::string token_file_;
    std::unique_ptr<CredentialSource> source_;
};

TEST_F(AzureSourceTest, GoesFromManagedIdentityOverExchangeToDockerLogin) {
    clouds_.expect("GET", metadata).with_header("Metadata", "true").answer(200, access);
    expect_exchange();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "00000000-0000-0000-0000-000000000000");
    EXPECT_TRUE(credential->password.reveal().starts_with("ey."));
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 3h);
}

TEST_F(AzureSourceTest, AManagedIdentityIsTheRoleElseTheOneOfTheIdentity) {
    registry_->azure_acr->identity.client_id = own_client;
    clouds_.expect("GET", metadata + "&client_id=" + own_client).answer(200, access);
    expect_exchange();
    EXPECT_TRUE(mint().has_value());
    name_role();
    clouds_.expect("GET", metadata + "&client_id=" + role).answer(200, access);
    expect_exchange();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AzureSourceTest, TheOperatorsTokenProvesTheRoleElseTheIdentitysOwnClient) {
    use_oidc();
    expect_entra(own_client, "&client_assertion=ey.cluster.x");
    expect_exchange();
    EXPECT_TRUE(mint().has_value());
    use_oidc("ey.newer.x");
    name_role();
    expect_entra(role, "&client_assertion=ey.newer.x");
    expect_exchange();
    EXPECT_TRUE(mint().has_value()) << "the file is read again each time";
}

TEST_F(AzureSourceTest, WithoutATokenFileOidcIsAnErrorAndAsksNobody) {
    use(Type::OIDC);
    expect_fails(ErrorKind::NotFound, token_file_);
    use_oidc("\n");
    EXPECT_FALSE(mint().has_value());
    EXPECT_TRUE(clouds_.requests().empty()) << "no fallback to a managed identity";
}

TEST_F(AzureSourceTest, TheNamespacesOwnTokenProvesTheRole) {
    use(Type::ServiceAccount);
    name_role();
    expect_entra(role, "&client_assertion=token-registry-tenancy-system-ns-payments-prod-1");
    expect_exchange();
    EXPECT_TRUE(mint().has_value());
    EXPECT_EQ(api_.calls().back().detail,
              R"({"audiences":["api://AzureADTokenExchange"],"expirationSeconds":600})");
}

TEST_F(AzureSourceTest, WithoutANamespacesTokenNobodyElsesIsUsed) {
    use(Type::ServiceAccount);
    name_role();
    api_.fail_next(test::Verb::CreateSubresource, kube::types::service_accounts,
                   Error{ErrorKind::Forbidden, "no"});
    expect_fails(ErrorKind::Forbidden, "registry-tenancy-system/ns-payments-prod");
    EXPECT_TRUE(clouds_.requests().empty());
}

TEST_F(AzureSourceTest, AClientSecretComesFromItsSecretAndNeverFallsBack) {
    use(Type::AccessKey);
    registry_->azure_acr->identity.secret_name = "azure-key";
    expect_fails(ErrorKind::NotFound, "azure-key");
    put_secret("azure-key", {{"clientID", own_client}});
    expect_fails(ErrorKind::NotFound, "clientSecret");
    EXPECT_TRUE(clouds_.requests().empty());
    put_secret("azure-key", {{"clientID", own_client}, {"clientSecret", "se~cret"}});
    expect_entra(own_client, "&client_secret=se~cret");
    expect_exchange();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AzureSourceTest, OtherCloudsHaveTheirOwnAuthorityAndNames) {
    use_oidc();
    registry_->azure_acr->cloud = tenancy::AzureAcrSpec::Cloud::China;
    registry_->hosts = {*tenancy::RegistryHost::parse("team.azurecr.cn")};
    clouds_
        .expect("POST", "https://login.partner.microsoftonline.cn/" + tenant + "/oauth2/v2.0/token")
        .answer(200, access);
    clouds_.expect("POST", "https://team.azurecr.cn/oauth2/exchange")
        .answer(200, refresh(in_three_hours));
    auto const credential = mint();
    EXPECT_TRUE(credential.has_value()) << credential.error().message;
}

TEST_F(AzureSourceTest, EntrasTokenGoesToTheRegistrysOwnNameAlone) {
    registry_->hosts = {*tenancy::RegistryHost::parse("images.example.com")};
    for (std::string const realm :
         {"", "https://tokens.example.com/oauth2/token", "https://team.azurecr.cn/oauth2/token",
          "https://team.azurecr.io.example.com/oauth2/token",
          "https://example.com/team.azurecr.io"}) {
        registry_->realm = realm;
        expect_fails(ErrorKind::InvalidArgument, "realm must name");
    }
    EXPECT_TRUE(clouds_.requests().empty());
    registry_->realm = "https://team.azurecr.io/oauth2/token";
    clouds_.expect("GET", metadata).answer(200, access);
    expect_exchange();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AzureSourceTest, WithoutAllowUnnarrowedNothingIsMinted) {
    registry_->allow_unnarrowed = false;
    expect_fails(ErrorKind::InvalidArgument, "allowUnnarrowed: true");
    EXPECT_TRUE(clouds_.requests().empty());
}

TEST_F(AzureSourceTest, TheEndIsByTheRegistrysClock) {
    clouds_.expect("GET", metadata).answer(200, access);
    // Two hours ahead of ours.
    clouds_.expect("POST", exchange)
        .answer(200, refresh(in_three_hours + 7200), {{"Date", "Fri, 02 Jan 2026 05:04:05 GMT"}});
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 3h);
}

TEST_F(AzureSourceTest, MoreThanADayIsNotBelieved) {
    clouds_.expect("GET", metadata).answer(200, access);
    expect_exchange(in_three_hours * 2);
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value());
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 24h);
}

TEST_F(AzureSourceTest, ACredentialThatArrivesExpiredIsAnError) {
    clouds_.expect("GET", metadata).answer(200, access);
    expect_exchange(1);
    expect_fails(ErrorKind::Expired, "token exchange at team.azurecr.io: the credential arrived");
}

TEST_F(AzureSourceTest, EachStepIsNamedWhereItFails) {
    clouds_.expect("GET", metadata).fail({ErrorKind::DeadlineExceeded, "no answer in 5 s"});
    expect_fails(ErrorKind::DeadlineExceeded, "Azure metadata service: no answer");
    clouds_.expect("GET", metadata)
        .answer(400, R"({"error":"invalid_request","error_description":"Identity not found"})");
    expect_fails(ErrorKind::NotFound, "Azure metadata service: invalid_request");
    use_oidc();
    clouds_.expect("POST", entra)
        .answer(401, R"({"error":"invalid_client","error_description":"AADSTS700213: no match"})");
    expect_fails(ErrorKind::Forbidden,
                 "Entra ID token at login.microsoftonline.com: AADSTS700213: no match");
    clouds_.expect("POST", entra).answer(200, access);
    clouds_.expect("POST", exchange)
        .answer(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"no"}]})");
    expect_fails(ErrorKind::Forbidden, "token exchange at team.azurecr.io: UNAUTHORIZED: no");
    clouds_.expect("POST", entra).answer(200, access);
    clouds_.expect("POST", exchange).fail({ErrorKind::Unavailable, "no route"});
    expect_fails(ErrorKind::Unavailable, "token exchange at team.azurecr.io: no route");
}

}  // namespace
}  // namespace rt::op::azure
