#include "operator/cloud/amazon/source.hpp"

#include <cstdio>
#include <fstream>

#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::amazon {
namespace {

using namespace std::chrono_literals;
using Type = tenancy::Identity::Type;

std::string const metadata = "http://169.254.169.254/latest/";
std::string const sts = "https://sts.eu-central-1.amazonaws.com/";
std::string const ecr = "https://api.ecr.eu-central-1.amazonaws.com/";

std::string const node_keys =
    R"({"Code":"Success","AccessKeyId":"ASIANODE","SecretAccessKey":"node-secret",)"
    R"("Token":"node-token","Expiration":"2026-01-02T09:04:05Z"})";

std::string session(std::string const& action, std::string const& id,
                    std::string const& expiration = "2026-01-02T04:04:05Z") {
    return "<" + action + "Response><" + action + "Result><Credentials><AccessKeyId>" + id +
           "</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token-of-" + id +
           "</SessionToken><Expiration>" + expiration + "</Expiration></Credentials></" + action +
           "Result></" + action + "Response>";
}

std::string sts_error(std::string const& code, std::string const& message) {
    return "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message +
           "</Message></Error><RequestId>R-1</RequestId></ErrorResponse>";
}

std::string docker_login(std::int64_t expires) {
    return R"({"authorizationData":[{"authorizationToken":")" + base64_encode("AWS:the:password") +
           R"(","expiresAt":)" + std::to_string(expires) + ".5}]}";
}

/// 2026-01-02T15:04:05Z, twelve hours after the fake clock's start.
std::int64_t const in_twelve_hours = 1767366245;

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class AmazonSourceTest : public SourceTest {
  protected:
    AmazonSourceTest()
        : SourceTest("shared-ecr", tenancy::RegistryType::AmazonECR,
                     "111122223333.dkr.ecr.eu-central-1.amazonaws.com") {
        registry_->amazon_ecr = tenancy::AmazonEcrSpec{"111122223333", "eu-central-1", false, {}};
        spec_.role = *tenancy::Role::parse("arn:aws:iam::111122223333:role/ecr-payments");
        spec_.external_id = "demo";
        spec_.allow = {{tenancy::AllowEntry::Kind::Namespace, "payments", ""}};
    }
    /// The Pod has an association with EKS; its agent is at `url`.
    void use_pod_identity(std::string const& url) {
        registry_->amazon_ecr->identity = {Type::OIDC};
        source_ = make_source(context(), {url, token_file_});
    }
    CredentialSourceContext with_token_file(http::Transport& clouds) {
        CredentialSourceContext with{clouds, api_, clock_, random_, product_namespace_};
        with.web_identity_token_file = token_file_;
        return with;
    }
    ~AmazonSourceTest() override { std::remove(token_file_.c_str()); }

    Result<RegistryCredential> mint() {
        return source_->mint({spec_, "payments-prod", "demo"}, std::stop_token());
    }
    void use_oidc() {
        registry_->amazon_ecr->identity = {Type::OIDC, "", "",
                                           "arn:aws:iam::444455556666:role/base"};
    }
    void write_token(std::string const& content) { std::ofstream(token_file_) << content; }

    void expect_metadata() {
        clouds_.expect("PUT", metadata + "api/token").answer(200, "metadata-token");
        clouds_.expect("GET", metadata + "meta-data/iam/security-credentials/")
            .with_header("X-aws-ec2-metadata-token", "metadata-token")
            .answer(200, "node-role\n");
        clouds_.expect("GET", metadata + "meta-data/iam/security-credentials/node-role")
            .with_header("X-aws-ec2-metadata-token", "metadata-token")
            .answer(200, node_keys);
    }
    void expect_assume_role() {
        clouds_.expect("POST", sts).answer(200, session("AssumeRole", "ASIASESSION"));
    }
    void expect_login(std::int64_t expires = in_twelve_hours) {
        clouds_.expect("POST", ecr)
            .with_header("x-amz-security-token", "token-of-ASIASESSION")
            .answer(200, docker_login(expires));
    }

    std::string const token_file_ = testing::TempDir() + "aws-token-" +
                                    testing::UnitTest::GetInstance()->current_test_info()->name();
    std::unique_ptr<CredentialSource> source_ = make_source(with_token_file(clouds_), {});
};

TEST_F(AmazonSourceTest, GoesFromInstanceRoleOverAssumedRoleToDockerLogin) {
    expect_metadata();
    clouds_.expect("POST", sts)
        .with_header("x-amz-security-token", "node-token")
        .with_body_that("narrowed, with ExternalId and a session name for the audit trail",
                        [](std::string const& body) {
                            return has(body, "&ExternalId=demo&") &&
                                   has(body, "&RoleSessionName=demo.payments-prod&") &&
                                   has(body, "repository%2Fpayments%2F%2A") &&
                                   !has(body, "Tags.member");
                        })
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->username, "AWS");
    EXPECT_EQ(credential->password.reveal(), "the:password");
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 12h)
        << "what ECR says, not the session's hour";
}

TEST_F(AmazonSourceTest, SharesTheNodeKeysBetweenMints) {
    expect_metadata();
    for (int mint_number = 0; mint_number < 2; ++mint_number) {
        expect_assume_role();
        expect_login();
        EXPECT_TRUE(mint().has_value());
    }
}

TEST_F(AmazonSourceTest, NeverFallsBackToMetadataVersionOne) {
    clouds_.expect("PUT", metadata + "api/token").answer(403);
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Forbidden);
    EXPECT_EQ(clouds_.requests().size(), 1U);
}

TEST_F(AmazonSourceTest, AMetadataServiceOutOfReachNamesTheHopLimit) {
    clouds_.expect("PUT", metadata + "api/token")
        .fail({ErrorKind::DeadlineExceeded, "no answer in 2 s"});
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_NE(credential.error().message.find("hop limit"), std::string::npos);
    EXPECT_TRUE(credential.error().retryable());
}

TEST_F(AmazonSourceTest, AWebIdentityIsExchangedForTheBaseRoleFirst) {
    use_oidc();
    write_token("ey.one.x\n");
    clouds_.expect("POST", sts)
        .with_body_that("the token, unsigned, as the base role",
                        [](std::string const& body) {
                            return has(body, "Action=AssumeRoleWithWebIdentity&") &&
                                   has(body, "444455556666%3Arole%2Fbase&") &&
                                   has(body, "RoleSessionName=demo.registry-tenancy-system&") &&
                                   body.ends_with("&WebIdentityToken=ey.one.x");
                        })
        .answer(200, session("AssumeRoleWithWebIdentity", "ASIABASE"));
    clouds_.expect("POST", sts)
        .with_header("x-amz-security-token", "token-of-ASIABASE")
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_FALSE(clouds_.requests().front().headers.has("authorization"));
}

TEST_F(AmazonSourceTest, TheTokenFileIsReadAgainForEachExchange) {
    use_oidc();
    write_token("ey.one.x");
    clouds_.expect("POST", sts).answer(200, session("AssumeRoleWithWebIdentity", "ASIABASE"));
    clouds_.expect("POST", sts).answer(403, sts_error("ExpiredToken", "x"));
    clouds_.expect("POST", sts)
        .with_body_that("the new token",
                        [](std::string const& body) { return has(body, "Token=ey.two.x"); })
        .answer(200, session("AssumeRoleWithWebIdentity", "ASIABASE2"));
    clouds_.expect("POST", sts)
        .with_header("x-amz-security-token", "token-of-ASIABASE2")
        .then_do([](http::Request const&) {})
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    // The kubelet swaps the file between the two exchanges.
    write_token("ey.one.x");
    struct Swap final : http::Transport {
        Swap(http::Transport& next, std::string path) : next_(next), path_(std::move(path)) {}
        Result<http::Response> send(http::Request const& request, std::stop_token stop) override {
            auto answer = next_.send(request, std::move(stop));
            if (answer && answer->status == 403) {
                std::ofstream(path_) << "ey.two.x";
            }
            return answer;
        }
        Result<http::Response> stream(http::Request const&, OnChunk const&,
                                      std::chrono::milliseconds, std::stop_token) override {
            return fail(internal_error("no stream here"));
        }
        http::Transport& next_;
        std::string path_;
    } swap(clouds_, token_file_);
    source_ = make_source(with_token_file(swap));
    auto const credential = mint();
    EXPECT_TRUE(credential.has_value()) << credential.error().message;
}

TEST_F(AmazonSourceTest, WithoutATokenFileOidcIsAnErrorAndAsksNobody) {
    use_oidc();
    auto const missing = mint();
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
    EXPECT_NE(missing.error().message.find(token_file_), std::string::npos);
    write_token("\n");
    EXPECT_FALSE(mint().has_value());
    EXPECT_TRUE(clouds_.requests().empty()) << "no fallback to the instance role";
}

std::string const agent = "http://169.254.170.23/v1/credentials";
std::string const agent_keys =
    R"({"AccessKeyId":"ASIAPOD","SecretAccessKey":"pod-secret","Token":"pod-token",)"
    R"("AccountId":"444455556666","Expiration":"2026-01-02T09:04:05.5Z"})";

TEST_F(AmazonSourceTest, PodIdentityAsksTheAgentWithTheTokenOfTheDay) {
    use_pod_identity(agent);
    write_token("ey.one.x\n");
    clouds_.expect("GET", agent).with_header("authorization", "ey.one.x").answer(200, agent_keys);
    clouds_.expect("POST", sts)
        .with_header("x-amz-security-token", "pod-token")
        .with_body_that("an hour at most, for the keys are a session's",
                        [](std::string const& body) {
                            return has(body, "Action=AssumeRole&") &&
                                   has(body, "DurationSeconds=3600&");
                        })
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    // The keys are kept, and fetched anew with the token that stands there then.
    expect_assume_role();
    expect_login();
    EXPECT_TRUE(mint().has_value());
    write_token("ey.two.x");
    clock_.advance(5h + 55min);
    clouds_.expect("GET", agent)
        .with_header("authorization", "ey.two.x")
        .answer(200, R"({"AccessKeyId":"ASIAPOD2","SecretAccessKey":"s","Token":"t",)"
                     R"("Expiration":"2026-01-02T15:04:05Z"})");
    clouds_.expect("POST", sts)
        .answer(200, session("AssumeRole", "ASIASESSION", "2026-01-02T10:04:05Z"));
    expect_login(in_twelve_hours + 6 * 3600);
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AmazonSourceTest, WithoutPodIdentityNothingTakesItsPlace) {
    write_token("ey.one.x");
    struct Case {
        std::string url;
        ErrorKind kind;
        std::string says;
    };
    for (Case const& c : std::vector<Case>{
             {"", ErrorKind::NotFound, "associate a role"},
             {"http://agent.example.com/", ErrorKind::InvalidArgument, "agent.example.com"},
         }) {
        use_pod_identity(c.url);
        auto const credential = mint();
        ASSERT_FALSE(credential.has_value());
        EXPECT_EQ(credential.error().kind, c.kind);
        EXPECT_TRUE(has(credential.error().message, c.says)) << credential.error().message;
    }
    std::remove(token_file_.c_str());
    use_pod_identity(agent);
    EXPECT_FALSE(mint().has_value());
    EXPECT_TRUE(clouds_.requests().empty()) << "neither the instance role nor a web identity";
    write_token("ey.one.x");
    clouds_.expect("GET", agent).answer(400, "[R]: (AccessDeniedException): no, fault: client");
    auto const denied = mint();
    ASSERT_FALSE(denied.has_value());
    EXPECT_EQ(denied.error().kind, ErrorKind::Forbidden);
    EXPECT_EQ(denied.error().code, "AccessDeniedException");
    EXPECT_TRUE(has(denied.error().message, "EKS Pod Identity agent")) << denied.error().message;
}

TEST_F(AmazonSourceTest, KeysOfTheAgentThatEndEarlyAreFetchedOnceMore) {
    use_pod_identity(agent);
    write_token("ey.one.x");
    clouds_.expect("GET", agent).answer(200, agent_keys);
    clouds_.expect("POST", sts).answer(403, sts_error("ExpiredToken", "it has ended"));
    clouds_.expect("GET", agent).answer(200, agent_keys);
    expect_assume_role();
    expect_login();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AmazonSourceTest, SessionTagsAreSentWhereTheRegistryAsksForThem) {
    registry_->amazon_ecr->session_tags = true;
    expect_metadata();
    clouds_.expect("POST", sts)
        .with_body_that(
            "tags",
            [](std::string const& body) { return has(body, "Tags.member.2.Value=payments-prod"); })
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AmazonSourceTest, AChainedSessionIsAskedForAnHourAtMost) {
    spec_.session_duration_seconds = 43200;
    expect_metadata();
    clouds_.expect("POST", sts)
        .with_body_that("an hour",
                        [](std::string const& body) { return has(body, "DurationSeconds=3600&"); })
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    EXPECT_TRUE(mint().has_value());
}

TEST_F(AmazonSourceTest, AccessKeyComesFromItsSecretAndNeverFallsBackToTheInstanceRole) {
    registry_->amazon_ecr->identity = {Type::AccessKey, "", "aws-key", ""};
    spec_.session_duration_seconds = 7200;
    auto const missing = mint();
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
    EXPECT_TRUE(clouds_.requests().empty());

    put_secret("aws-key", {{"accessKeyID", "AKIAUSER"}, {"accessKeySecret", "user-secret"}});
    clouds_.expect("POST", sts)
        .with_body_that("as long as asked",
                        [](std::string const& body) { return has(body, "DurationSeconds=7200&"); })
        .answer(200, session("AssumeRole", "ASIASESSION"));
    expect_login();
    ASSERT_TRUE(mint().has_value());
    http::Request const first = clouds_.requests().front();
    EXPECT_NE(first.headers.get("authorization").find("Credential=AKIAUSER/"),
              std::string_view::npos);
    EXPECT_FALSE(first.headers.has("x-amz-security-token"));
}

TEST_F(AmazonSourceTest, FetchesStaleNodeKeysAgainOnce) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        expect_metadata();
        clouds_.expect("POST", sts).answer(403, sts_error("ExpiredToken", "x"));
    }
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().code, "ExpiredToken");
}

TEST_F(AmazonSourceTest, LearnsTheCloudsTimeWhereItsOwnIsOff) {
    expect_metadata();
    clouds_.expect("POST", sts)
        .with_header("x-amz-date", "20260102T030405Z")
        .answer(403, sts_error("SignatureDoesNotMatch", "Signature expired: x is now earlier"),
                {{"Date", "Fri, 02 Jan 2026 05:04:05 GMT"}});
    clouds_.expect("POST", sts)
        .with_header("x-amz-date", "20260102T050405Z")
        .answer(200, session("AssumeRole", "ASIASESSION", "2026-01-02T06:04:05Z"));
    expect_login(in_twelve_hours + 2 * 3600);
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value()) << credential.error().message;
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 12h) << "twelve hours by anyone's clock";
}

TEST_F(AmazonSourceTest, NamesAClockThatTheCloudsTimeDoesNotMend) {
    expect_metadata();
    // Without a Date there is nothing to learn.
    clouds_.expect("POST", sts)
        .answer(403, sts_error("SignatureDoesNotMatch", "Signature expired: x is now earlier"));
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().code, "ClockSkew");
    EXPECT_NE(credential.error().message.find("SignatureDoesNotMatch: Signature expired"),
              std::string::npos)
        << credential.error().message;
}

TEST_F(AmazonSourceTest, MoreThanTwelveHoursAreNotBelieved) {
    expect_metadata();
    expect_assume_role();
    expect_login(in_twelve_hours * 2);
    auto const credential = mint();
    ASSERT_TRUE(credential.has_value());
    EXPECT_EQ(credential->expires_at, clock_.wall_now() + 12h);
}

TEST_F(AmazonSourceTest, ACredentialThatArrivesExpiredIsAnError) {
    expect_metadata();
    expect_assume_role();
    expect_login(0);
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Expired);
}

TEST_F(AmazonSourceTest, ARoleThatIsDeniedSaysWhichStepFailed) {
    expect_metadata();
    clouds_.expect("POST", sts).answer(403, sts_error("AccessDenied", "no"));
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::Forbidden);
    EXPECT_TRUE(credential.error().message.starts_with("AssumeRole: AccessDenied"))
        << credential.error().message;
}

TEST_F(AmazonSourceTest, APackedPolicyThatIsTooLargeComesWithOurSize) {
    expect_metadata();
    clouds_.expect("POST", sts)
        .answer(400, sts_error("PackedPolicyTooLarge", "consumes 112% of the allotted space"));
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::InvalidArgument);
    EXPECT_NE(credential.error().message.find("112%"), std::string::npos);
    EXPECT_NE(credential.error().message.find(" bytes: allow fewer paths"), std::string::npos)
        << credential.error().message;
}

TEST_F(AmazonSourceTest, ASessionPolicyThatDoesNotFitIsAnErrorNotAWiderSession) {
    spec_.allow.clear();
    for (int index = 0; index < 60; ++index) {
        spec_.allow.push_back({tenancy::AllowEntry::Kind::Namespace,
                               "registry-namespace-number-" + std::to_string(index), ""});
    }
    auto const credential = mint();
    ASSERT_FALSE(credential.has_value());
    EXPECT_EQ(credential.error().kind, ErrorKind::InvalidArgument);
    EXPECT_TRUE(clouds_.requests().empty());
}

TEST_F(AmazonSourceTest, ARoleOfAnotherCloudOrPartitionIsRefusedBeforeAnythingIsAsked) {
    for (auto const* const role : {"acs:ram::1146716667364888:role/acr-cainiao",
                                   "arn:aws-cn:iam::111122223333:role/ecr-payments"}) {
        spec_.role = *tenancy::Role::parse(role);
        auto const credential = mint();
        ASSERT_FALSE(credential.has_value()) << role;
        EXPECT_EQ(credential.error().kind, ErrorKind::InvalidArgument);
    }
    EXPECT_TRUE(clouds_.requests().empty());
}

}  // namespace
}  // namespace rt::op::amazon
