#include <nlohmann/json.hpp>

#include "e2e/suite/support/cli_policy.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"

// kubectl tenancy policy: the simulated clouds of Alibaba and Amazon take the printed documents as
// they are, a pull works with them, and no longer with one action less.
namespace e2e {
namespace {

/// Who the operator is, or whom the role trusts instead of it.
enum class Who { User, Node, Operator, Namespace };

std::string text_of(Who who) {
    constexpr char const* texts[] = {"AccessKey", "InstanceRole", "OIDC", "ServiceAccount"};
    return texts[static_cast<int>(who)];
}

struct Documents {
    Json role;
    Json trust;
    Json caller;        ///< null with Who::Namespace
    Json caller_trust;  ///< of Who::Operator
};

class CliPolicy : public CliPolicyTest, public testing::WithParamInterface<Who> {
  protected:
    /// What differs between the clouds.
    struct Case {
        Json registry;  ///< its manifest
        std::string host;
        std::string role;
        std::string caller;
        std::string key_id;
        std::string path;  ///< registry namespace that the tenancy allows
        std::string login_action;
        std::vector<std::string> pull_actions;
        std::vector<std::string> flags;
        bool tags = false;
    };

    /// The printed documents, from files alone, before anything of it is in the cluster.
    Json printed(Case const& one) {
        Json const list = {
            {"apiVersion", "v1"}, {"kind", "List"}, {"items", {one.registry, tenancy()}}};
        ScratchFile const file(name("rules") + ".json", list.dump());
        std::vector<std::string> arguments{"policy", name("tenancy"), "--cluster-name",
                                           "demo",   "--tenancy",     file.path()};
        arguments.insert(arguments.end(), one.flags.begin(), one.flags.end());
        auto const result = tenancy_cli(arguments);
        EXPECT_TRUE(done(result));
        Json const all = Json::parse(result.out, nullptr, false);
        return all.is_object() && all["roles"].size() == 1 ? all["roles"][0] : Json::object();
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
    /// The same trust for somebody else: another cluster, another ServiceAccount.
    static Json for_others(Json trust) {
        for (auto& [key, wanted] : trust["Statement"][0]["Condition"]["StringEquals"].items()) {
            if (key == "sts:ExternalId" || key.ends_with(":sub")) {
                wanted = "somebody-else";
            }
        }
        return trust;
    }
    void put(CloudWorld& world, Case const& one, Documents const& documents) const {
        CloudWorld::Contents contents;
        contents.roles.push_back({one.role, documents.role.dump(), documents.trust.dump()});
        switch (GetParam()) {
            case Who::User:
                contents.users.push_back(
                    {one.caller, documents.caller.dump(), one.key_id, "secret-of-" + name("user")});
                break;
            case Who::Node:
                contents.attachments.push_back({one.caller, documents.caller.dump()});
                break;
            case Who::Operator:
                contents.roles.push_back(
                    {one.caller, documents.caller.dump(), documents.caller_trust.dump()});
                break;
            case Who::Namespace:
                break;
        }
        world.set(contents);
    }
    void prepare(Case const& one);
    void expect_documents_work(Case const& one);
    void expect_session_is_the_printed_one(Case const& one, Json const& session,
                                           CloudRequests const& requests);
};

void CliPolicy::prepare(Case const& one) {
    Json entry = {{"name", text_at(one.registry, "/metadata/name")},
                  {"role", one.role},
                  {"allow", {{{"namespace", one.path}}, {{"repository", one.path + "/a1"}}}}};
    if (GetParam() != Who::Namespace) {
        entry["externalID"] = "{cluster}";
    }
    use(entry, one.path);
    if (GetParam() == Who::User) {
        make_product_secret(
            name("key"), "Opaque",
            {{"accessKeyID", one.key_id}, {"accessKeySecret", "secret-of-" + name("user")}});
    }
    make_namespace("ns");
}

/// The operator narrowed the session with the very policy that was printed.
void CliPolicy::expect_session_is_the_printed_one(Case const& one, Json const& session,
                                                  CloudRequests const& requests) {
    auto const assumed = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action").starts_with("AssumeRole") &&
               text_at(entry, "/role") == one.role && text_at(entry, "/code") == "OK";
    });
    ASSERT_FALSE(assumed.empty());
    EXPECT_EQ(Json::parse(text_at(assumed.front(), "/policy"), nullptr, false), session);
}

void CliPolicy::expect_documents_work(Case const& one) {
    prepare(one);
    Json const entry = printed(one);
    ASSERT_TRUE(entry.contains("trustPolicy")) << entry;
    EXPECT_EQ(entry.contains("callerPolicy"), GetParam() != Who::Namespace);
    EXPECT_EQ(entry.contains("callerTrustPolicy"), GetParam() == Who::Operator);
    Documents const good{entry["rolePolicy"], entry["trustPolicy"],
                         entry.value("callerPolicy", Json()),
                         entry.value("callerTrustPolicy", Json())};
    CloudWorld world(name("world"));
    CloudRequests const requests;
    if (GetParam() == Who::Operator) {
        // First, because the operator keeps the credentials of its own role for an hour.
        Documents other = good;
        other.caller_trust = for_others(good.caller_trust);
        put(world, one, other);
        EXPECT_TRUE(mints_no_more()) << "the operator's role trusts somebody else";
    }
    put(world, one, good);
    ASSERT_TRUE(done(apply(tenancy())));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    ASSERT_TRUE(done(pull(one.host, one.path + "/a1")));
    expect_session_is_the_printed_one(one, entry["sessionPolicies"][0]["policy"], requests);

    for (std::string const& action : one.pull_actions) {
        put(world, one, {without(good.role, action), good.trust, good.caller, good.caller_trust});
        EXPECT_FALSE(pull(one.host, one.path + "/a1").ok()) << "pulled without " << action;
        put(world, one, good);
        EXPECT_TRUE(done(pull(one.host, one.path + "/a1")));
    }
    std::vector<std::pair<std::string, Documents>> lacking{
        {"without " + one.login_action,
         {without(good.role, one.login_action), good.trust, good.caller, good.caller_trust}},
        {"trusting somebody else",
         {good.role, for_others(good.trust), good.caller, good.caller_trust}}};
    if (GetParam() != Who::Namespace) {
        lacking.push_back(
            {"a caller without sts:AssumeRole",
             {good.role, good.trust, without(good.caller, "sts:AssumeRole"), good.caller_trust}});
    }
    if (one.tags) {
        lacking.push_back(
            {"trust without sts:TagSession",
             {good.role, without(good.trust, "sts:TagSession"), good.caller, good.caller_trust}});
    }
    for (auto const& [what, documents] : lacking) {
        put(world, one, documents);
        EXPECT_TRUE(mints_no_more()) << "minted " << what;
        put(world, one, good);
        EXPECT_TRUE(mints_anew()) << "after " << what;
    }
    EXPECT_TRUE(done(pull(one.host, one.path + "/a1")));
}

TEST_P(CliPolicy, prints_what_alibaba_cloud_needs_and_no_more) {
    std::string const node_account = "acs:ram::1284387915995949:";
    std::string const images_account = "acs:ram::1146716667364888:";
    Case one{{},
             own_host(),
             images_account + "role/" + name("role"),
             "",
             "LTAI5tPolicy" + name("id").substr(4, 6),
             "cainiao",
             "cr:GetAuthorizationToken",
             {"cr:PullRepository"},
             {}};
    Json identity = {{"type", text_of(GetParam())}};
    switch (GetParam()) {
        case Who::User:
            one.caller = node_account + "user/" + name("user");
            identity["accessKey"] = {{"secretName", name("key")}};
            break;
        case Who::Node:
            one.caller = node_account + "role/kubernetesworkerrole-b";
            break;
        case Who::Operator:
            one.caller = node_account + "role/" + name("base");
            identity["oidc"] = {{"role", one.caller},
                                {"provider", node_account + "oidc-provider/ack-rrsa-demo"}};
            break;
        case Who::Namespace:
            identity["serviceAccount"] = {
                {"provider", images_account + "oidc-provider/cluster-demo"}};
            break;
    }
    if (GetParam() == Who::User || GetParam() == Who::Node) {
        one.flags = {"--caller", one.caller};
    }
    Json const spec = {{"hosts", {one.host}},
                       {"type", "AlibabaACR"},
                       {"alibabaACR",
                        {{"instanceID", "cri-shanghai-shared01"},
                         {"region", "cn-shanghai"},
                         {"identity", identity}}}};
    make_registry(spec);
    one.registry = {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "Registry"},
                    {"metadata", {{"name", name("registry")}}},
                    {"spec", spec}};
    expect_documents_work(one);
}

TEST_P(CliPolicy, prints_what_amazon_needs_and_no_more) {
    // Of this test alone: a host belongs to one Registry.
    constexpr char const* accounts[] = {"555566667777", "666677778888", "666677779999",
                                        "666688889999"};
    std::string const account = accounts[static_cast<int>(GetParam())];
    std::string const node_account = "arn:aws:iam::444455556666:";
    // ecr:BatchCheckLayerAvailability is for asking whether a layer is there; this client fetches.
    Case one{{},
             account + ".dkr.ecr.eu-central-1.amazonaws.com",
             "arn:aws:iam::" + account + ":role/" + name("role"),
             "",
             "AKIAPOLICY" + name("id").substr(4, 6),
             "payments",
             "ecr:GetAuthorizationToken",
             {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
             {},
             GetParam() != Who::Namespace};
    std::string const issuer = "oidc-provider/kubernetes.default.svc.cluster.local";
    Json identity = {{"type", text_of(GetParam())}};
    switch (GetParam()) {
        case Who::User:
            one.caller = node_account + "user/" + name("user");
            identity["accessKey"] = {{"secretName", name("key")}};
            break;
        case Who::Node:
            one.caller = node_account + "role/eks-node";
            break;
        case Who::Operator:
            one.caller = node_account + "role/" + name("base");
            identity["oidc"] = {{"role", one.caller}};
            one.flags = {"--oidc-provider", node_account + issuer};
            break;
        case Who::Namespace:
            one.flags = {"--oidc-provider", "arn:aws:iam::" + account + ":" + issuer};
            break;
    }
    if (GetParam() == Who::User || GetParam() == Who::Node) {
        one.flags = {"--caller", one.caller};
    }
    one.registry = {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "Registry"},
                    {"metadata", {{"name", "ecr-" + account}}},
                    {"spec",
                     {{"hosts", {one.host}},
                      {"type", "AmazonECR"},
                      {"amazonECR",
                       {{"registryID", account},
                        {"region", "eu-central-1"},
                        {"sessionTags", one.tags},
                        {"identity", identity}}}}}};
    ASSERT_TRUE(done(apply(one.registry)));
    expect_documents_work(one);
}

INSTANTIATE_TEST_SUITE_P(Each, CliPolicy,
                         testing::Values(Who::User, Who::Node, Who::Operator, Who::Namespace),
                         [](auto const& each) { return text_of(each.param); });

using CliPolicyForms = TenancyTest;

TEST_F(CliPolicyForms, are_the_same_from_the_cluster_and_for_terraform) {
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
    EXPECT_NE(text.out.find("resource \"alicloud_ram_policy\" \"acr_cainiao_pull_shared_acr\""),
              std::string::npos)
        << text.out;
}

}  // namespace
}  // namespace e2e
