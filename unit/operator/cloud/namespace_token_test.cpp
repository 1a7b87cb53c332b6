#include "operator/cloud/namespace_token.hpp"

#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op {
namespace {

class NamespaceTokenTest : public SourceTest {
  protected:
    NamespaceTokenTest() : SourceTest("r", tenancy::RegistryType::AmazonECR, "ecr.example.com") {}

    Result<SecretString> ask(std::string const& ns) {
        return namespace_token(context(), ns, "sts.example.com", {});
    }
    [[nodiscard]] std::optional<Json> account(std::string const& ns) const {
        return api_.find(kube::types::service_accounts, {product_namespace_, "ns-" + ns});
    }
};

TEST_F(NamespaceTokenTest, IsOfAnAccountThatIsMadeWhereItIsMissing) {
    auto const token = ask("cainiao-prod");
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->reveal(), "token-registry-tenancy-system-ns-cainiao-prod-1");
    auto const made = account("cainiao-prod");
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)["metadata"]["labels"]["app.kubernetes.io/managed-by"],
              "registry-tenancy-operator");
    EXPECT_EQ((*made)["metadata"]["labels"]["registrytenancy.dev/namespace"], "cainiao-prod");
    EXPECT_EQ((*made)["automountServiceAccountToken"], false);
}

TEST_F(NamespaceTokenTest, CostsOneCallWhereTheAccountIsThere) {
    ASSERT_TRUE(ask("team"));
    api_.clear_calls();
    ASSERT_TRUE(ask("team"));
    ASSERT_EQ(api_.calls().size(), 1U);
    EXPECT_EQ(api_.calls()[0].subresource, "token");
}

TEST_F(NamespaceTokenTest, AsksForTheAudienceAloneAndForTenMinutes) {
    ASSERT_TRUE(ask("team"));
    EXPECT_EQ(api_.calls().back().detail,
              R"({"audiences":["sts.example.com"],"expirationSeconds":600})");
}

TEST_F(NamespaceTokenTest, TellsWhoseTokenCouldNotBeHad) {
    api_.fail_next(test::Verb::CreateSubresource, kube::types::service_accounts,
                   Error{ErrorKind::Forbidden, "no"});
    auto const refused = ask("team");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Forbidden);
    EXPECT_NE(refused.error().message.find("registry-tenancy-system/ns-team"), std::string::npos);
    EXPECT_FALSE(account("team")) << "only a missing account is made";
    api_.fail_next(test::Verb::Apply, kube::types::service_accounts,
                   Error{ErrorKind::Unavailable, "later"});
    auto const unmade = ask("team");
    ASSERT_FALSE(unmade);
    EXPECT_EQ(unmade.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(unmade.error().message.find("making ServiceAccount"), std::string::npos);
}

}  // namespace
}  // namespace rt::op
