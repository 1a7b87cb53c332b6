#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// kubectl tenancy explain, who-can, grants, diff and completion: commands that only ask.
namespace e2e {
namespace {

class CliAsks : public TenancyTest {};

testing::AssertionResult says(CommandResult const& result, int status,
                              std::vector<std::string> const& parts) {
    for (std::string const& part : parts) {
        if (result.out.find(part) == std::string::npos) {
            return testing::AssertionFailure() << "\"" << part << "\" is not in " << result.text();
        }
    }
    return result.status == status ? testing::AssertionSuccess()
                                   : testing::AssertionFailure() << result.text();
}

TEST_F(CliAsks, explain_names_the_verdict_the_key_and_its_end) {
    std::string const ns = make_governed_namespace();
    std::string const host(vpc_host);
    EXPECT_TRUE(says(tenancy_cli({"explain", std::string(allowed_image), "-n", ns}), 0,
                     {"allowed by RegistryTenancy " + name("tenancy"), "repository cainiao/a1",
                      host + "/cainiao/ in Secret " + ns + "/registry-tenancy, until 20"}));
    EXPECT_TRUE(says(tenancy_cli({"explain", std::string(foreign_image), "-n", ns}), 1,
                     {"denied", "[RT-NotAllowed]", "nearest     " + host + "/cainiao/a1:v0.1",
                      "the pull is anonymous"}));
    auto const json = Json::parse(
        tenancy_cli({"explain", std::string(allowed_image), "-n", ns, "-o", "json"}).out);
    EXPECT_EQ(text_at(json, "/verdict"), "allow");
    EXPECT_EQ(text_at(json, "/pullKey"), host + "/cainiao/");
    EXPECT_FALSE(text_at(json, "/pullKeyExpiresAt").empty());
}

TEST_F(CliAsks, explain_says_so_where_secrets_may_not_be_read) {
    std::string const ns = make_governed_namespace();
    std::string const user = name("developer");
    ASSERT_TRUE(done(kubectl(
        {"-n", ns, "create", "rolebinding", "viewer", "--clusterrole=view", "--user=" + user})));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result =
            tenancy_cli({"explain", std::string(allowed_image), "-n", ns, "--as", user});
        auto const said =
            says(result, 0, {"allowed by RegistryTenancy", "you may not read Secret"});
        return said ? "" : said.message();
    }));
}

TEST_F(CliAsks, who_can_lists_the_namespaces_that_may) {
    std::string const ns = make_governed_namespace();
    std::string const other = make_namespace("other");
    auto const can = tenancy_cli({"who-can", std::string(allowed_image)});
    EXPECT_TRUE(says(can, 0, {ns, name("tenancy")}));
    EXPECT_EQ(can.out.find(other), std::string::npos) << can.text();
    auto const nobody = tenancy_cli({"who-can", std::string(foreign_image)});
    EXPECT_EQ(nobody.out.find(ns), std::string::npos) << nobody.text();
}

TEST_F(CliAsks, grants_show_what_the_operator_wrote) {
    std::string const ns = make_governed_namespace();
    EXPECT_TRUE(says(tenancy_cli({"grants"}), 0, {"NAMESPACE", ns, name("tenancy")}));
    EXPECT_TRUE(says(tenancy_cli({"grants", "-n", ns}), 0,
                     {"enforcement Deny", "shared-acr", "cainiao/*", std::string(vpc_host)}));
}

TEST_F(CliAsks, diff_tells_what_a_change_would_deny_and_which_workloads_it_hits) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
    Json changed = *get("registrytenancy", name("tenancy"));
    auto const same = tenancy_cli({"diff", "-f", "-"}, changed.dump());
    EXPECT_TRUE(says(same, 0, {"nothing changes"}));
    changed["spec"]["registries"][0]["allow"] = Json::array({{{"namespace", "alipay"}}});
    EXPECT_TRUE(says(
        tenancy_cli({"diff", "-f", "-"}, changed.dump()), 1,
        {"in " + ns, "newly denied: " + std::string(vpc_host) + "/cainiao/*",
         "newly allowed: " + std::string(vpc_host) + "/alipay/*", "Deployment " + ns + "/a1"}));
    EXPECT_TRUE(says(tenancy_cli({"diff", "--delete", name("tenancy")}), 1,
                     {"in " + ns, "no longer governed"}));
}

TEST_F(CliAsks, image_parse_needs_no_cluster) {
    auto const parsed =
        run({repository() + "/build/bin/kubectl-tenancy", "image", "parse", "nginx", "a:b:c"});
    EXPECT_EQ(parsed.status, 0) << parsed.text();
    EXPECT_NE(parsed.out.find(R"("canonical":"docker.io/library/nginx:latest")"), std::string::npos)
        << parsed.out;
    EXPECT_NE(parsed.out.find(R"("image":"a:b:c","valid":false)"), std::string::npos) << parsed.out;
}

TEST_F(CliAsks, completion_works_in_a_shell) {
    auto const script = tenancy_cli({"completion", "bash"});
    ASSERT_TRUE(done(script));
    auto const offered = run({"bash", "-c",
                              script.out + "PATH=" + repository() +
                                  "/build/bin:$PATH; COMP_WORDS=(kubectl-tenancy who); "
                                  "COMP_CWORD=1; _kubectl_tenancy; echo \"${COMPREPLY[@]}\""});
    EXPECT_EQ(offered.out, "who-can\n") << offered.text();
}

}  // namespace
}  // namespace e2e
