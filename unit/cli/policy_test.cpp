// kubectl tenancy policy
#include "cli/policy.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

using testing::Bench;
using testing::Ran;

constexpr char rules[] = R"(
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: shared-acr}
spec:
  hosts: [shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com]
  type: AlibabaACR
  alibabaACR:
    instanceID: cri-shanghai-shared01
    region: cn-shanghai
    identity: {type: InstanceRole}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: ecr}
spec:
  hosts: [111122223333.dkr.ecr.eu-central-1.amazonaws.com]
  type: AmazonECR
  amazonECR:
    registryID: "111122223333"
    region: eu-central-1
    sessionTags: true
    identity: {type: OIDC, oidc: {role: "arn:aws:iam::444455556666:role/registry-tenancy"}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: open}
spec: {hosts: [open.example.com], type: Anonymous, anonymous: {}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: cainiao}
spec:
  namespaces: [cainiao-prod, cainiao-dev]
  registries:
  - name: shared-acr
    role: acs:ram::1146716667364888:role/acr-cainiao
    externalID: "{cluster}"
    allow: [{namespace: cainiao}, {repository: cainiao/a1}, {repository: base/jdk}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: more}
spec:
  namespaces: [cainiao-dev]
  registries:
  - name: shared-acr
    role: acs:ram::1146716667364888:role/acr-cainiao
    externalID: "{cluster}"
    allow: [{namespace: tools}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: payments}
spec:
  namespaceSelector: {matchLabels: {team: payments}}
  registries:
  - name: ecr
    role: arn:aws:iam::111122223333:role/ecr-payments
    allow: [{namespace: payments}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: each}
spec:
  namespaceSelector: {matchLabels: {team: each}}
  registries:
  - name: shared-acr
    role: "acs:ram::1146716667364888:role/acr-{namespace}"
    allow: [{namespace: each}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: ecr-by-namespace}
spec:
  hosts: [222233334444.dkr.ecr.eu-central-1.amazonaws.com]
  type: AmazonECR
  amazonECR: {registryID: "222233334444", region: eu-central-1, identity: {type: ServiceAccount}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: hop}
spec:
  namespaces: [hop-a, hop-b]
  registries:
  - name: ecr-by-namespace
    role: arn:aws:iam::222233334444:role/ecr-hop
    allow: [{namespace: hop}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: gar}
spec:
  hosts: [europe-west3-docker.pkg.dev]
  type: GoogleArtifactRegistry
  googleArtifactRegistry:
    location: europe-west3
    identity:
      type: ServiceAccount
      serviceAccount:
        audience: "//iam.googleapis.com/projects/12/locations/global/\
          workloadIdentityPools/clusters/providers/demo"
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: gar-node}
spec:
  hosts: [europe-west4-docker.pkg.dev]
  type: GoogleArtifactRegistry
  googleArtifactRegistry: {location: europe-west4, identity: {type: InstanceRole}}
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: azure}
spec:
  hosts: [demo.azurecr.io]
  type: AzureACR
  azureACR:
    tenantID: 11111111-aaaa-4bbb-8ccc-000000000001
    cloud: Public
    identity: {type: OIDC, oidc: {clientID: a0000000-0000-4000-8000-000000000003}}
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: azure-node}
spec:
  hosts: [node.azurecr.io]
  type: AzureACR
  azureACR:
    tenantID: 11111111-aaaa-4bbb-8ccc-000000000001
    cloud: Public
    identity: {type: InstanceRole}
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: harbor}
spec:
  hosts: [harbor.example.com]
  type: Harbor
  harbor:
    url: https://harbor.example.com
    identity: {type: AccessKey, accessKey: {secretName: robot}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: google}
spec:
  namespaces: [red, blue]
  registries: [{name: gar, allow: [{namespace: images/team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: google-node}
spec:
  namespaces: [red]
  registries:
  - name: gar-node
    role: pull@images.iam.gserviceaccount.com
    allow: [{repository: images/team/a1}, {namespace: all}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: microsoft}
spec:
  namespaces: [red]
  registries: [{name: azure, allow: [{namespace: team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: microsoft-node}
spec:
  namespaces: [red]
  registries: [{name: azure-node, allow: [{namespace: team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: on-premises}
spec:
  namespaces: [red]
  registries: [{name: harbor, allow: [{namespace: team}, {namespace: base}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: on-premises-too}
spec:
  namespaces: [blue]
  registries: [{name: harbor, allow: [{namespace: other}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: ecr-by-agent}
spec:
  hosts: [333344445555.dkr.ecr.eu-central-1.amazonaws.com]
  type: AmazonECR
  amazonECR:
    registryID: "333344445555"
    region: eu-central-1
    identity: {type: OIDC, oidc: {podIdentity: true}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: agent}
spec:
  namespaces: [agent]
  registries:
  - name: ecr-by-agent
    role: arn:aws:iam::333344445555:role/ecr-agent
    externalID: "{cluster}"
    allow: [{namespace: agent}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: free}
spec:
  namespaces: [free]
  registries: [{name: open, allow: [{namespace: "*"}]}]
)";

constexpr char node[] = "acs:ram::1284387915995949:role/kubernetesworkerrole-b";

class PolicyTest : public ::testing::Test {
  protected:
    Ran policy(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "policy");
        arguments.insert(arguments.end(), {"--tenancy", bench.file("rules.yaml", rules)});
        return bench.run(arguments);
    }
    Json json(std::vector<std::string> arguments) {
        auto const ran = policy(std::move(arguments));
        EXPECT_EQ(ran.code, ExitOk) << ran.err;
        return parse_json(ran.out).value_or(Json());
    }
    Bench bench;
    std::string const acr = "acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/";
};

TEST_F(PolicyTest, PrintsWhatAlibabaCloudMustBeTold) {
    Json const role = json({"cainiao", "--cluster-name", "demo", "--caller", node})["roles"][0];
    EXPECT_EQ(role["role"], "acs:ram::1146716667364888:role/acr-cainiao");
    // The other tenancy's needs are in it, too, and nothing twice.
    EXPECT_EQ(role["tenancies"], (Json{"cainiao", "more"}));
    EXPECT_EQ(
        role["rolePolicy"],
        (Json{{"Version", "1"},
              {"Statement",
               {{{"Effect", "Allow"}, {"Action", "cr:GetAuthorizationToken"}, {"Resource", "*"}},
                {{"Effect", "Allow"},
                 {"Action", "cr:PullRepository"},
                 {"Resource", {acr + "base/jdk", acr + "cainiao/*", acr + "tools/*"}}}}}}));
    EXPECT_EQ(role["trustPolicy"],
              (Json{{"Version", "1"},
                    {"Statement",
                     {{{"Effect", "Allow"},
                       {"Action", "sts:AssumeRole"},
                       {"Principal", {{"RAM", {node}}}},
                       {"Condition", {{"StringEquals", {{"sts:ExternalId", {"demo"}}}}}}}}}}));
    EXPECT_EQ(role["callerPolicy"]["Statement"][0]["Action"], "sts:AssumeRole");
    EXPECT_EQ(role["callerPolicy"]["Statement"][0]["Resource"],
              "acs:ram::1146716667364888:role/acr-cainiao");
    EXPECT_EQ(role["sessionPolicies"].size(), 2U) << "one namespace has the other tenancy, too";
    EXPECT_FALSE(role.contains("notes")) << role["notes"];
}

TEST_F(PolicyTest, PrintsWhatAmazonMustBeTold) {
    std::string const provider = "arn:aws:iam::444455556666:oidc-provider/oidc.example.com/id/1";
    Json const role = json({"payments", "--oidc-provider", provider})["roles"][0];
    EXPECT_EQ(
        role["rolePolicy"]["Statement"][1],
        (Json{{"Effect", "Allow"},
              {"Action",
               {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer"}},
              {"Resource", {"arn:aws:ecr:eu-central-1:111122223333:repository/payments/*"}}}));
    EXPECT_EQ(role["trustPolicy"]["Statement"][0],
              (Json{{"Effect", "Allow"},
                    {"Action", {"sts:AssumeRole", "sts:TagSession"}},
                    {"Principal", {{"AWS", "arn:aws:iam::444455556666:role/registry-tenancy"}}}}));
    EXPECT_EQ(role["callerTrustPolicy"]["Statement"][0],
              (Json{{"Effect", "Allow"},
                    {"Action", "sts:AssumeRoleWithWebIdentity"},
                    {"Principal", {{"Federated", provider}}},
                    {"Condition",
                     {{"StringEquals",
                       {{"oidc.example.com/id/1:sub",
                         "system:serviceaccount:registry-tenancy-system:registry-tenancy-operator"},
                        {"oidc.example.com/id/1:aud", "sts.amazonaws.com"}}}}}}));
    ASSERT_EQ(role["notes"].size(), 1U);
    EXPECT_NE(role["notes"][0].get<std::string>().find("no externalID"), std::string::npos);
    EXPECT_EQ(role["sessionPolicies"][0]["bytes"],
              role["sessionPolicies"][0]["policy"].dump().size());
}

// EKS' tags go on to every session that is begun from its own, which both sides must allow.
TEST_F(PolicyTest, PrintsWhatEksPodIdentityNeeds) {
    std::vector<std::string> const all{"agent", "--cluster-name", "demo"};
    Json const unknown = json(all)["roles"][0];
    Json const both{"sts:AssumeRole", "sts:TagSession"};
    EXPECT_EQ(unknown["callerTrustPolicy"]["Statement"][0],
              (Json{{"Effect", "Allow"},
                    {"Action", both},
                    {"Principal", {{"Service", "pods.eks.amazonaws.com"}}}}));
    EXPECT_EQ(unknown["callerPolicy"]["Statement"][0]["Action"], both);
    EXPECT_FALSE(unknown.contains("trustPolicy"));
    EXPECT_NE(unknown["notes"].dump().find("EKS' association"), std::string::npos)
        << unknown["notes"];
    auto arguments = all;
    std::string const role = "arn:aws:iam::444455556666:role/registry-tenancy-pod";
    arguments.insert(arguments.end(), {"--caller", role});
    Json const trust = json(arguments)["roles"][0]["trustPolicy"]["Statement"][0];
    EXPECT_EQ(trust["Action"], both);
    EXPECT_EQ(trust["Principal"]["AWS"], role);
    EXPECT_EQ(trust["Condition"]["StringEquals"]["sts:ExternalId"], "demo");
    for (auto const& [list, resource] :
         std::vector<std::pair<std::vector<std::string>, bool>>{{all, false}, {arguments, true}}) {
        auto terraform = list;
        terraform.insert(terraform.end(), {"--cloud-format", "terraform"});
        auto const ran = policy(terraform);
        EXPECT_EQ(ran.code, ExitOk) << ran.err;
        EXPECT_EQ(ran.out.find("\"registry-tenancy-pod\"") != std::string::npos, resource)
            << ran.out;
        EXPECT_EQ(ran.out.find("pods.eks.amazonaws.com") != std::string::npos, resource);
    }
}

TEST_F(PolicyTest, PrintsOneDocumentAsTheCloudTakesIt) {
    std::vector<std::string> const all{"cainiao", "--cluster-name", "demo", "--caller", node};
    Json const role = json(all)["roles"][0];
    for (auto const& [document, key] : std::map<std::string, std::string>{
             {"role", "rolePolicy"}, {"trust", "trustPolicy"}, {"caller", "callerPolicy"}}) {
        auto arguments = all;
        arguments.insert(arguments.end(), {"--document", document});
        EXPECT_EQ(json(arguments), role[key]);
    }
    auto session = all;
    session.insert(session.end(), {"--document", "session"});
    auto const two = policy(session);
    EXPECT_EQ(two.code, ExitUsage);
    EXPECT_NE(two.err.find("choose a namespace with -n"), std::string::npos) << two.err;
    session.insert(session.end(), {"-n", "cainiao-prod"});
    Json const one = json(session);
    EXPECT_EQ(one["Statement"][1]["Resource"], (Json{acr + "base/jdk", acr + "cainiao/*"}));
}

TEST_F(PolicyTest, SaysWhatItWouldHaveToBeTold) {
    struct Case {
        std::vector<std::string> arguments;
        std::string error;
    };
    for (auto const& [arguments, error] : std::vector<Case>{
             {{}, "name a RegistryTenancy"},
             {{"nobody"}, "there is no RegistryTenancy nobody"},
             {{"cainiao"}, "--cluster-name NAME"},
             {{"cainiao", "--cloud-format", "yaml"}, "json or terraform"},
             {{"cainiao", "--document", "x"}, "role, trust, caller"},
             {{"cainiao", "--document", "role", "--cloud-format", "terraform"}, "leave"},
             {{"cainiao", "--cluster-name", "demo", "--document", "trust"}, "--caller ARN"},
             {{"payments", "--document", "callerTrust"}, "--oidc-provider"},
             {{"each"}, "name one with -n"},
             {{"free", "--document", "role"}, "0 roles"},
         }) {
        auto const ran = policy(arguments);
        EXPECT_EQ(ran.code, ExitUsage) << error;
        EXPECT_NE(ran.err.find(error), std::string::npos) << ran.err;
        EXPECT_TRUE(ran.out.empty()) << ran.out;
    }
    auto const none = policy({"free"});
    EXPECT_EQ(none.code, ExitOk);
    EXPECT_NE(none.err.find("assumes no role"), std::string::npos) << none.err;
}

TEST_F(PolicyTest, ARolePerNamespaceIsPrintedForTheNamespaceThatIsNamed) {
    Json const roles = json({"each", "-n", "blue", "--caller", node})["roles"];
    ASSERT_EQ(roles.size(), 1U);
    EXPECT_EQ(roles[0]["role"], "acs:ram::1146716667364888:role/acr-blue");
}

TEST_F(PolicyTest, ARoleThatNamespacesAssumeThemselvesTrustsTheirTokens) {
    std::string const provider = "arn:aws:iam::444455556666:oidc-provider/oidc.example.com";
    Json const role = json({"hop", "--oidc-provider", provider})["roles"][0];
    EXPECT_EQ(role["trustPolicy"]["Statement"][0]["Condition"]["StringEquals"],
              (Json{{"oidc.example.com:sub",
                     {"system:serviceaccount:registry-tenancy-system:ns-hop-a",
                      "system:serviceaccount:registry-tenancy-system:ns-hop-b"}},
                    {"oidc.example.com:aud", "sts.amazonaws.com"}}));
    EXPECT_FALSE(role.contains("callerPolicy"));
    EXPECT_NE(policy({"hop", "--document", "trust"}).err.find("--oidc-provider"),
              std::string::npos);
}

TEST_F(PolicyTest, TheClustersNameComesFromTheCluster) {
    for (auto const& [kind, plural, name] :
         std::vector<std::tuple<std::string, kube::ResourceType, std::string>>{
             {"Registry", kube::types::registries, "shared-acr"},
             {"RegistryTenancy", kube::types::registry_tenancies, "cainiao"}}) {
        Json spec = kind == "Registry"
                        ? Json{{"hosts", {"a.cn-shanghai.cr.aliyuncs.com"}},
                               {"type", "AlibabaACR"},
                               {"alibabaACR",
                                {{"instanceID", "cri-1"},
                                 {"region", "cn-shanghai"},
                                 {"identity", {{"type", "InstanceRole"}}}}}}
                        : Json{{"namespaces", {"cainiao-prod"}},
                               {"registries",
                                {{{"name", "shared-acr"},
                                  {"role", "acs:ram::1146716667364888:role/acr-cainiao"},
                                  {"externalID", "{cluster}"},
                                  {"allow", {{{"namespace", "cainiao"}}}}}}}};
        bench.api.put(plural, {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                               {"kind", kind},
                               {"metadata", {{"name", name}}},
                               {"spec", spec}});
    }
    Json const stored =
        bench.api.put(kube::types::namespaces, {{"metadata", {{"name", "kube-system"}}}});
    auto const ran = bench.run({"policy", "cainiao", "--caller", node, "--document", "trust"});
    EXPECT_EQ(ran.code, ExitOk) << ran.err;
    EXPECT_EQ(
        parse_json(ran.out)->at("Statement")[0]["Condition"]["StringEquals"]["sts:ExternalId"],
        Json::array({stored["metadata"]["uid"]}));
}

TEST_F(PolicyTest, TerraformHasTheSameDocuments) {
    auto const acr_text = policy(
        {"cainiao", "--cluster-name", "demo", "--caller", node, "--cloud-format", "terraform"});
    EXPECT_EQ(acr_text.code, ExitOk) << acr_text.err;
    for (std::string const part :
         {"resource \"alicloud_ram_role\" \"acr_cainiao_1146716667364888\"",
          "resource \"alicloud_ram_policy\" \"acr_cainiao_pull_shared_acr\"",
          "resource \"alicloud_ram_role_policy_attachment\" \"acr_cainiao_pull_shared_acr\"",
          "role_name = alicloud_ram_role.acr_cainiao_1146716667364888.role_name",
          "policy_name = alicloud_ram_policy.assume_acr_cainiao_1146716667364888.policy_name",
          "role_name = \"kubernetesworkerrole-b\"", "\"sts:ExternalId\": [", "cr:PullRepository",
          "assume_role_policy_document = <<-EOT"}) {
        EXPECT_NE(acr_text.out.find(part), std::string::npos) << part << '\n' << acr_text.out;
    }
    auto const ecr_text = policy({"payments", "--cloud-format", "terraform", "--oidc-provider",
                                  "arn:aws:iam::444455556666:oidc-provider/x"});
    for (std::string const part :
         {"resource \"aws_iam_role\" \"ecr_payments_111122223333\"",
          "resource \"aws_iam_policy\" \"ecr_payments_pull_ecr\"",
          "role = aws_iam_role.ecr_payments_111122223333.name",
          "resource \"aws_iam_policy\" \"assume_ecr_payments_111122223333\"",
          "resource \"aws_iam_role\" \"registry_tenancy_444455556666\"",
          "role = aws_iam_role.registry_tenancy_444455556666.name", "# note: no externalID"}) {
        EXPECT_NE(ecr_text.out.find(part), std::string::npos) << part << '\n' << ecr_text.out;
    }
}

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
