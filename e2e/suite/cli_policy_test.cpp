#include <filesystem>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// kubectl tenancy policy: the simulated clouds take the printed documents as they are, a pull works
// with them, and no longer with one action less.
namespace e2e {
namespace {

class CliPolicy : public TenancyTest {
  protected:
    /// What differs between the clouds.
    struct Case {
        std::string registry;
        std::string host;
        std::string role;
        std::string user;
        std::string key_id;
        std::string path;  ///< registry namespace that the tenancy allows
        std::string login_action;
    };

    [[nodiscard]] Json tenancy_of(Case const& one, std::string const& repository) const {
        return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                {"kind", "RegistryTenancy"},
                {"metadata", {{"name", name("tenancy")}}},
                {"spec",
                 {{"namespaces", {name("ns")}},
                  {"registries",
                   {{{"name", one.registry},
                     {"role", one.role},
                     {"externalID", "{cluster}"},
                     {"allow", {{{"namespace", one.path}}, {{"repository", repository}}}}}}}}}};
    }
    /// The printed documents, from files alone, before anything of it is in the cluster.
    Json printed(Case const& one, Json const& registry) {
        Json const list = {{"apiVersion", "v1"},
                           {"kind", "List"},
                           {"items", {registry, tenancy_of(one, one.path + "/a1")}}};
        ScratchFile const file(name("rules") + ".json", list.dump());
        auto const result = tenancy_cli({"policy", name("tenancy"), "--caller", one.user,
                                         "--cluster-name", "demo", "--tenancy", file.path()});
        EXPECT_TRUE(done(result));
        Json const all = Json::parse(result.out, nullptr, false);
        return all.is_object() && all["roles"].size() == 1 ? all["roles"][0] : Json::object();
    }
    /// Empty where the cloud takes a new credential for the tenancy. Asks for something else each
    /// time, so that no back-off need be awaited.
    testing::AssertionResult mints_anew(Case const& one) {
        ask_anew(one);
        return eventually(soon, [&] { return why_not_ready(name("tenancy")); });
    }
    testing::AssertionResult mints_no_more(Case const& one) {
        ask_anew(one);
        return eventually(soon, [&] { return why_not_failing(name("tenancy")); });
    }
    void ask_anew(Case const& one) {
        // Covered by the registry namespace, so that the role's policy need not change.
        ASSERT_TRUE(done(apply(tenancy_of(one, one.path + "/x" + std::to_string(++asked_)))));
    }
    /// Pulls manifest and layers as somebody else would, with the login of the pull Secret.
    CommandResult pull(Case const& one) {
        auto const secret = pull_secret(name("ns"));
        if (!secret) {
            return {-1, "", "there is no pull Secret", false};
        }
        auto const folder = std::filesystem::temp_directory_path() / name("pull");
        std::filesystem::create_directories(folder / "certificates");
        std::filesystem::copy_file(cluster_directory() + "/pki/cloud-ca.crt",
                                   folder / "certificates/ca.crt",
                                   std::filesystem::copy_options::overwrite_existing);
        auto const result =
            run({repository() + "/e2e/cluster/inside", "skopeo", "copy", "--insecure-policy",
                 "--src-cert-dir", (folder / "certificates").string(), "--src-creds",
                 secret->login(), "docker://" + one.host + "/" + one.path + "/a1:v0.1",
                 "dir:" + (folder / "image").string()});
        std::filesystem::remove_all(folder);
        return result;
    }
    static Json without(Json policy, std::string const& action) {
        for (Json& statement : policy["Statement"]) {
            Json& actions = statement["Action"];
            Json rest = Json::array();
            for (Json const& each : actions.is_array() ? actions : Json::array({actions})) {
                if (each != action) {
                    rest.push_back(each);
                }
            }
            // A statement needs an action; this one allows nothing that is asked for.
            actions = rest.empty() ? Json("cr:GetNamespace") : rest;
        }
        return policy;
    }
    void put(CloudWorld& world, Case const& one, Json const& role_policy, Json const& trust,
             Json const& caller) const {
        world.set({{one.role, role_policy.dump(), trust.dump()}},
                  {{one.user, caller.dump(), one.key_id, "secret-of-" + name("user")}});
    }
    void expect_documents_work(Case const& one, Json const& registry,
                               std::vector<std::string> const& pull_actions);

  private:
    int asked_ = 0;
};

void CliPolicy::expect_documents_work(Case const& one, Json const& registry,
                                      std::vector<std::string> const& pull_actions) {
    Json const documents = printed(one, registry);
    ASSERT_TRUE(documents.contains("trustPolicy")) << documents;
    Json const role = documents["rolePolicy"];
    Json const trust = documents["trustPolicy"];
    Json const caller = documents["callerPolicy"];
    CloudWorld world(name("world"));
    put(world, one, role, trust, caller);
    CloudRequests const requests;
    make_product_secret(
        name("key"), "Opaque",
        {{"accessKeyID", one.key_id}, {"accessKeySecret", "secret-of-" + name("user")}});
    make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(done(apply(tenancy_of(one, one.path + "/a1"))));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    ASSERT_TRUE(done(pull(one)));
    // The operator narrowed the session with the very policy that was printed.
    auto const assumed = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "AssumeRole" && text_at(entry, "/role") == one.role;
    });
    ASSERT_FALSE(assumed.empty());
    EXPECT_EQ(Json::parse(text_at(assumed.front(), "/policy"), nullptr, false),
              documents["sessionPolicies"][0]["policy"]);
    EXPECT_EQ(text_at(assumed.front(), "/caller"), one.user);

    for (std::string const& action : pull_actions) {
        put(world, one, without(role, action), trust, caller);
        EXPECT_FALSE(pull(one).ok()) << "pulled without " << action;
        put(world, one, role, trust, caller);
        EXPECT_TRUE(done(pull(one)));
    }
    put(world, one, without(role, one.login_action), trust, caller);
    EXPECT_TRUE(mints_no_more(one)) << "minted without " << one.login_action;
    put(world, one, role, trust, caller);
    EXPECT_TRUE(mints_anew(one));
    put(world, one, role, trust, without(caller, "sts:AssumeRole"));
    EXPECT_TRUE(mints_no_more(one)) << "the caller may not assume the role";
    put(world, one, role, trust, caller);
    EXPECT_TRUE(mints_anew(one));
    Json nobody = trust;
    nobody["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "another-cluster";
    put(world, one, role, nobody, caller);
    EXPECT_TRUE(mints_no_more(one)) << "another cluster is trusted";
    put(world, one, role, trust, caller);
    EXPECT_TRUE(mints_anew(one));
    EXPECT_TRUE(done(pull(one)));
}

TEST_F(CliPolicy, prints_what_alibaba_cloud_needs_and_no_more) {
    Case const one{name("registry"),
                   own_host(),
                   "acs:ram::1146716667364888:role/" + name("role"),
                   "acs:ram::1284387915995949:user/" + name("user"),
                   "LTAI5tPolicy" + name("id").substr(4, 6),
                   "cainiao",
                   "cr:GetAuthorizationToken"};
    Json const spec = {
        {"hosts", {one.host}},
        {"type", "AlibabaACR"},
        {"alibabaACR",
         {{"instanceID", "cri-shanghai-shared01"},
          {"region", "cn-shanghai"},
          {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("key")}}}}}}}};
    make_registry(spec);
    expect_documents_work(one,
                          {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                           {"kind", "Registry"},
                           {"metadata", {{"name", one.registry}}},
                           {"spec", spec}},
                          {"cr:PullRepository"});
}

TEST_F(CliPolicy, prints_what_amazon_needs_and_no_more) {
    std::string const account = "555566667777";  // of this test alone
    Case const one{"ecr-" + account,
                   account + ".dkr.ecr.eu-central-1.amazonaws.com",
                   "arn:aws:iam::" + account + ":role/" + name("role"),
                   "arn:aws:iam::444455556666:user/" + name("user"),
                   "AKIAPOLICY" + name("id").substr(4, 6),
                   "payments",
                   "ecr:GetAuthorizationToken"};
    Json const registry = {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "Registry"},
        {"metadata", {{"name", one.registry}}},
        {"spec",
         {{"hosts", {one.host}},
          {"type", "AmazonECR"},
          {"amazonECR",
           {{"registryID", account},
            {"region", "eu-central-1"},
            {"sessionTags", true},
            {"identity",
             {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("key")}}}}}}}}}};
    ASSERT_TRUE(done(apply(registry)));
    // ecr:BatchCheckLayerAvailability is for asking whether a layer is there; this client fetches.
    expect_documents_work(one, registry, {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"});
}

TEST_F(CliPolicy, prints_the_same_from_the_cluster_and_for_terraform) {
    make_governed_namespace();
    std::vector<std::string> const arguments{
        "policy", name("tenancy"), "--caller",
        "acs:ram::1284387915995949:role/kubernetesworkerrole-b"};
    auto const live = tenancy_cli(arguments);
    ASSERT_TRUE(done(live));
    Json const role = Json::parse(live.out)["roles"][0];
    // The settings of the cluster say what {cluster} is.
    EXPECT_EQ(text_at(role, "/trustPolicy/Statement/0/Condition/StringEquals/sts:ExternalId/0"),
              "demo");
    auto terraform = arguments;
    terraform.insert(terraform.end(), {"--cloud-format", "terraform"});
    auto const text = tenancy_cli(terraform);
    ASSERT_TRUE(done(text));
    EXPECT_NE(text.out.find("resource \"alicloud_ram_policy\" \"acr_cainiao_pull\""),
              std::string::npos)
        << text.out;
}

}  // namespace
}  // namespace e2e
