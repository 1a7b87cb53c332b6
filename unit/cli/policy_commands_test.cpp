// What `policy` prints where rights are no documents: commands, and a robot.
#include "unit/cli/policy_bench.hpp"

namespace rt::cli {
namespace {

TEST_F(PolicyTest, GooglesRightsAreCommands) {
    std::string const pool =
        "iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/clusters";
    std::string const read =
        "gcloud artifacts repositories add-iam-policy-binding team --project=images "
        "--location=europe-west3 --role=roles/artifactregistry.reader --member=principal://" +
        pool + "/subject/system:serviceaccount:registry-tenancy-system:ns-";
    // No role: each namespace's own principal reads.
    EXPECT_EQ(
        json({"google", "--oidc-provider", "https://oidc.example.com"})["roles"][0]["commands"],
        (Json{"gcloud iam workload-identity-pools providers create-oidc demo --project=12 "
              "--location=global --workload-identity-pool=clusters "
              "--issuer-uri=https://oidc.example.com "
              "--attribute-mapping=google.subject=assertion.sub --attribute-condition="
              "\"assertion.sub.startsWith('system:serviceaccount:registry-tenancy-system:')\" "
              "--allowed-audiences=sts.googleapis.com,https://" +
                  pool + "/providers/demo",
              read + "blue", read + "red"}));
    EXPECT_EQ(json({"google", "-n", "red"})["roles"][0]["commands"], (Json{read + "red"}));
    Json const role = json({"google-node", "--caller",
                            "serviceAccount:node@cluster.iam.gserviceaccount.com"})["roles"][0];
    EXPECT_EQ(role["commands"],
              (Json{"gcloud artifacts repositories add-iam-policy-binding team --project=images "
                    "--location=europe-west4 --role=roles/artifactregistry.reader "
                    "--member=serviceAccount:pull@images.iam.gserviceaccount.com",
                    "gcloud iam service-accounts add-iam-policy-binding "
                    "pull@images.iam.gserviceaccount.com --project=images "
                    "--role=roles/iam.serviceAccountTokenCreator "
                    "--member=serviceAccount:node@cluster.iam.gserviceaccount.com"}));
    EXPECT_NE(role["notes"].dump().find("allow \\\"all/*\\\" is more than one"), std::string::npos)
        << role["notes"];
}

TEST_F(PolicyTest, AzuresRightsAreCommands) {
    std::string const client = "a0000000-0000-4000-8000-000000000003";
    // The Registry's own client, because the tenancy names none.
    EXPECT_EQ(
        json({"microsoft", "--oidc-provider", "https://oidc.example.com"})["roles"][0]["commands"],
        (Json{"az role assignment create --assignee " + client +
                  " --role AcrPull --scope \"$(az acr show --name demo --query id --output tsv)\"",
              "az ad app federated-credential create --id " + client +
                  " --parameters '{\"name\":\"registry-tenancy-operator\","
                  "\"issuer\":\"https://oidc.example.com\",\"subject\":"
                  "\"system:serviceaccount:registry-tenancy-system:registry-tenancy-operator\","
                  "\"audiences\":[\"api://AzureADTokenExchange\"]}'"}));
    EXPECT_NE(json({"microsoft"})["roles"][0]["notes"].dump().find("--oidc-provider ISSUER"),
              std::string::npos);
    EXPECT_NE(json({"microsoft-node"})["roles"][0]["notes"].dump().find("--caller"),
              std::string::npos);
    EXPECT_EQ(json({"microsoft-node", "--caller", client})["roles"][0]["commands"].size(), 1U);
}

TEST_F(PolicyTest, WhoMakesTokensAtAzureGetsARoleForThatAndNoMore) {
    std::string const client = "a0000000-0000-4000-8000-000000000003";
    std::string const group =
        "/subscriptions/66666666-7777-8888-9999-aaaaaaaaaaaa/resourceGroups/rg";
    Json const role =
        json({"microsoft-tokens", "--oidc-provider", "https://oidc.example.com"})["roles"][0];
    std::string const start = "\"Microsoft.ContainerRegistry/registries/";
    ASSERT_EQ(role["commands"].size(), 3U) << role;
    EXPECT_EQ(role["commands"][0],
              "az role definition create --role-definition "
              "'{\"Name\":\"registry-tenancy makes tokens of tokens\",\"Actions\":[" +
                  start + "scopeMaps/read\"," + start + "scopeMaps/write\"," + start +
                  "scopeMaps/delete\"," + start + "tokens/read\"," + start + "tokens/write\"," +
                  start + "tokens/delete\"," + start +
                  "generateCredentials/action\"],\"AssignableScopes\":[\"" + group + "\"]}'");
    EXPECT_EQ(role["commands"][1],
              "az role assignment create --assignee " + client +
                  " --role \"registry-tenancy makes tokens of tokens\" --scope " + group +
                  "/providers/Microsoft.ContainerRegistry/registries/tokens");
    EXPECT_NE(role["commands"][2].dump().find("federated-credential create --id " + client),
              std::string::npos);
    EXPECT_NE(role["notes"].dump().find("can make a token for every repository"),
              std::string::npos);
    EXPECT_EQ(role["notes"].dump().find("AcrPull"), std::string::npos);
}

TEST_F(PolicyTest, HarborsRobotGetsWhatAllTenanciesOfTheRegistryNeed) {
    Json const robot = json({"on-premises", "--document", "role"});
    auto const pulls = [](std::string const& project) {
        return Json{{"kind", "project"},
                    {"namespace", project},
                    {"access", {{{"resource", "repository"}, {"action", "pull"}}}}};
    };
    EXPECT_EQ(robot["permissions"], (Json{{{"kind", "system"},
                                           {"namespace", "/"},
                                           {"access",
                                            {{{"resource", "robot"}, {"action", "create"}},
                                             {{"resource", "robot"}, {"action", "list"}},
                                             {{"resource", "robot"}, {"action", "delete"}}}}},
                                          pulls("base"),
                                          pulls("other"),
                                          pulls("team")}));
    EXPECT_EQ(robot["level"], "system");
    EXPECT_EQ(robot["duration"], -1);
    Json const role = json({"on-premises"})["roles"][0];
    EXPECT_FALSE(role.contains("role"));
    EXPECT_EQ(role["sessionPolicies"],
              (Json{{{"namespaces", {"red"}}, {"permissions", {pulls("base"), pulls("team")}}},
                    {{"namespaces", {"blue"}}, {"permissions", {pulls("other")}}}}));
}

}  // namespace
}  // namespace rt::cli
