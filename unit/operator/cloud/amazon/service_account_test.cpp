#include "operator/cloud/amazon/source.hpp"
#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::amazon {
namespace {

using namespace std::chrono_literals;

constexpr char sts[] = "https://sts.eu-central-1.amazonaws.com/";
constexpr char ecr[] = "https://api.ecr.eu-central-1.amazonaws.com/";

std::string const session =
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
    "<AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>session-token</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration>"
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

class AmazonServiceAccountTest : public SourceTest {
  protected:
    AmazonServiceAccountTest()
        : SourceTest("shared-ecr", tenancy::RegistryType::AmazonECR, "ecr.example.com") {
        registry_->amazon_ecr =
            tenancy::AmazonEcrSpec{"111122223333",
                                   "eu-central-1",
                                   false,
                                   {.type = tenancy::Identity::Type::ServiceAccount}};
        spec_.role = *tenancy::Role::parse("arn:aws:iam::111122223333:role/ecr-payments");
        spec_.allow = {{tenancy::AllowEntry::Kind::Namespace, "payments", ""}};
    }
    Result<RegistryCredential> mint(std::string const& ns) {
        return source_->mint({spec_, ns, "demo"}, std::stop_token());
    }

    std::unique_ptr<CredentialSource> source_ = make_source(context());
};

TEST_F(AmazonServiceAccountTest, TradesTheNamespacesTokenForTheRoleInOneHop) {
    clouds_.expect("POST", sts)
        .with_body_that("the namespace's token, narrowed",
                        [](std::string const& body) {
                            auto const has = [&](std::string_view part) {
                                return body.find(part) != std::string::npos;
                            };
                            return has("Action=AssumeRoleWithWebIdentity&") &&
                                   has("RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2F"
                                       "ecr-payments&") &&
                                   has("WebIdentityToken=token-registry-tenancy-system-ns-team-") &&
                                   has("RoleSessionName=demo.team&") &&
                                   has("repository%2Fpayments%2F%2A") && !has("ExternalId");
                        })
        .answer(200, session);
    clouds_.expect("POST", ecr)
        .with_header("x-amz-security-token", "session-token")
        .answer(200, R"({"authorizationData":[{"authorizationToken":")" +
                         base64_encode("AWS:the:password") + R"(","expiresAt":1767366245.5}]})");
    auto const credential = mint("team");
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->password.reveal(), "the:password");
    EXPECT_EQ(api_.calls().back().detail,
              R"({"audiences":["sts.amazonaws.com"],"expirationSeconds":600})");
}

TEST_F(AmazonServiceAccountTest, SharesNothingBetweenNamespacesAndFallsBackToNothing) {
    Error const down{ErrorKind::Unavailable, "down"};
    for (std::string const ns : {"one", "two", "one"}) {
        clouds_.expect("POST", sts)
            .with_body_that("the namespace's own token",
                            [ns](std::string const& body) {
                                return body.find("system-ns-" + ns + "-") != std::string::npos;
                            })
            .fail(down);
        auto const credential = mint(ns);
        ASSERT_FALSE(credential);
        EXPECT_EQ(credential.error().kind, ErrorKind::Unavailable);
    }
    api_.fail_next(test::Verb::CreateSubresource, kube::types::service_accounts,
                   Error{ErrorKind::Forbidden, "no"});
    EXPECT_EQ(mint("one").error().kind, ErrorKind::Forbidden) << "no request reaches the cloud";
}

}  // namespace
}  // namespace rt::op::amazon
