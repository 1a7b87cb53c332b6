#include "unit/cli/policy_bench.hpp"

namespace rt::cli {
namespace {

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

}  // namespace
}  // namespace rt::cli
