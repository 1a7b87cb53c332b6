#include "e2e/sim/common/cloud_commands.hpp"

#include <gtest/gtest.h>

#include "e2e/sim/common/shell_words.hpp"

namespace sim {
namespace {

std::string const account = "pull@images.iam.gserviceaccount.com";
std::string const member =
    "principal://iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/"
    "subject/"
    "system:serviceaccount:registry-tenancy-system:ns-a";
std::string const bind_repository =
    "gcloud artifacts repositories add-iam-policy-binding payments --project=images "
    "--location=europe --role=roles/artifactregistry.reader --member=serviceAccount:" +
    account;
std::string const bind_account = "gcloud iam service-accounts add-iam-policy-binding " + account +
                                 " --project images --role roles/iam.workloadIdentityUser "
                                 "--member " +
                                 member;
std::string const create_provider =
    "gcloud iam workload-identity-pools providers create-oidc demo --project=12 --location=global "
    "--workload-identity-pool=pool --issuer-uri=https://issuer "
    "--attribute-mapping=google.subject=assertion.sub "
    "--attribute-condition=\"assertion.sub.startsWith('system:serviceaccount:registry-tenancy-"
    "system:')\" --allowed-audiences=one,two";
std::string const assign =
    "az role assignment create --assignee client --role AcrPull "
    "--scope \"$(az acr show --name demo --query id --output tsv)\"";
std::string const federate =
    R"(az ad app federated-credential create --id client --parameters '{"name":"ns-a",)"
    R"("issuer":"https://issuer","subject":"s","audiences":["api://AzureADTokenExchange"]}')";

class CloudCommands : public testing::Test {
  protected:
    CloudCommands() {
        google.service_accounts.push_back({account, {}});
        google.repositories.push_back(
            {"projects/images/locations/europe/repositories/payments", {}});
        azure.principals.push_back({"client", "tenant", "", false, {}});
        azure.principals.push_back({"stranger", "elsewhere", "", false, {}});
        azure.registries.push_back({"demo.azurecr.io", "tenant", true, false, {}});
    }
    std::string complaint(std::string const& line) {
        try {
            apply_command(line, google, azure);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return "accepted";
    }
    GoogleWorld google;
    AzureWorld azure;
};

TEST_F(CloudCommands, of_google_let_somebody_pull) {
    auto const& repository = google.repositories[0].policy;
    std::string const reading = "artifactregistry.repositories.downloadArtifacts";
    EXPECT_FALSE(repository.allows("serviceAccount:" + account, reading));
    EXPECT_EQ(complaint(bind_repository), "accepted");
    EXPECT_TRUE(repository.allows("serviceAccount:" + account, reading));
    EXPECT_FALSE(repository.allows(member, reading));
    EXPECT_EQ(complaint(bind_account), "accepted");
    EXPECT_TRUE(
        google.service_accounts[0].policy.allows(member, "iam.serviceAccounts.getAccessToken"));
    EXPECT_EQ(complaint(create_provider), "accepted");
    auto const* provider = google.find_provider(
        "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/providers/"
        "demo");
    ASSERT_NE(provider, nullptr);
    EXPECT_EQ(provider->issuer, "https://issuer");
    EXPECT_TRUE(provider->takes_audience("two"));
    EXPECT_TRUE(provider->condition.holds("system:serviceaccount:registry-tenancy-system:ns-a"));
    EXPECT_FALSE(provider->condition.holds("system:serviceaccount:default:default"));
}

TEST_F(CloudCommands, of_azure_let_somebody_pull) {
    EXPECT_EQ(complaint(assign), "accepted");
    ASSERT_EQ(azure.registries[0].pull.size(), 1U);
    EXPECT_EQ(azure.registries[0].pull[0].client_id, "client");
    EXPECT_EQ(complaint(federate), "accepted");
    ASSERT_EQ(azure.principals[0].federated.size(), 1U);
    EXPECT_EQ(azure.principals[0].federated[0].subject, "s");
    EXPECT_NE(complaint(federate).find("exists"), std::string::npos);
}

std::string replaced(std::string text, std::string const& from, std::string const& to) {
    return text.replace(text.find(from), from.size(), to);
}

TEST_F(CloudCommands, that_a_cloud_would_refuse_are_refused) {
    std::vector<std::pair<std::string, std::string>> const cases{
        {replaced(bind_repository, "payments", "ledger"), "does not exist"},
        {replaced(bind_repository, "--location=europe ", ""), "--location is missing"},
        {replaced(bind_repository, "artifactregistry.reader", "owner"), "not known here"},
        {replaced(bind_repository, "serviceAccount:", "serviceAccount:x"), "does not exist"},
        {replaced(bind_repository, "serviceAccount:", "system:serviceaccount:"),
         "INVALID_ARGUMENT"},
        {bind_repository + " --condition=None", "--condition is not known"},
        {bind_repository + " more", "1 argument"},
        {replaced(bind_account, "projects/12", "projects/images"), "INVALID_ARGUMENT"},
        {replaced(create_provider, "=google.subject", "=google.groups"), "--attribute-mapping"},
        {replaced(create_provider, "startsWith", "endsWith"), "can't be read"},
        {replaced(assign, "assignee client", "assignee nobody"), "does not exist"},
        {replaced(assign, "assignee client", "assignee stranger"), "graph database"},
        {replaced(assign, "AcrPull", "Owner"), "not known here"},
        {replaced(assign, "--name demo", "--name other"), "registry other does not exist"},
        {replaced(federate, "\"name\"", "\"title\""), "title does not exist"},
        {replaced(federate, "https", "\\u12"), "--parameters"},
        {"gcloud projects delete images", "no such command"},
        {"az acr show --name $NAME", "means something to a shell"},
    };
    for (auto const& [line, part] : cases) {
        EXPECT_NE(complaint(line).find(part), std::string::npos) << line << '\n' << complaint(line);
    }
}

TEST(ShellWords, are_split_as_a_shell_does) {
    auto const nested = [](std::vector<std::string> const& words) {
        return '<' + words.front() + '|' + words.back() + '>';
    };
    using Words = std::vector<std::string>;
    EXPECT_EQ(shell_words("  a  'b c'd\"e f\"  ''", nested), (Words{"a", "b cde f", ""}));
    EXPECT_EQ(shell_words(R"(x "y$(a 'b c')z" '$(a)')", nested), (Words{"x", "y<a|b c>z", "$(a)"}));
    for (std::string const bad :
         {"a 'b", "a \"b", "a \"$(b\"", "a; b", "a $b", "a | b", "a *", "a\\b"}) {
        EXPECT_THROW(static_cast<void>(shell_words(bad, nested)), std::runtime_error) << bad;
    }
}

}  // namespace
}  // namespace sim
