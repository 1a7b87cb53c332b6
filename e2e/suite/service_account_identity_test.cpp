// Identities that begin with a token of this cluster: the operator's own (RRSA), and the
// ServiceAccount that it keeps for each governed namespace.

#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

constexpr char ecr_account[] = "777788889999";

/// Empty when the operator keeps a ServiceAccount for the namespace.
std::string why_no_account(std::string const& ns) {
    for (Json const& account : list("serviceaccounts", std::string(product_namespace))) {
        if (text_at(account, "/metadata/name") == "ns-" + ns) {
            return text_at(account, "/metadata/labels/registrytenancy.dev~1namespace") == ns
                       ? ""
                       : "it has no label: " + account.dump();
        }
    }
    return "there is none";
}

class ServiceAccountIdentity : public TenancyTest {
  protected:
    void make_acr(Json const& identity) {
        make_registry({{"type", "AlibabaACR"},
                       {"alibabaACR",
                        {{"instanceID", "cri-shanghai-shared01"},
                         {"region", "cn-shanghai"},
                         {"identity", identity}}}});
    }
    static Json by_namespace() {
        return {{"type", "ServiceAccount"},
                {"serviceAccount",
                 {{"provider", "acs:ram::1146716667364888:oidc-provider/cluster-demo"}}}};
    }
    Json tenancy(std::string const& registry, std::string const& role, std::string const& allowed,
                 std::string const& external_id = {}) const {
        Json entry = {{"name", registry}, {"role", role}};
        entry["allow"].push_back({{"namespace", allowed}});
        if (!external_id.empty()) {
            entry["externalID"] = external_id;
        }
        Json manifest = {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                         {"kind", "RegistryTenancy"},
                         {"metadata", {{"name", name("tenancy")}}},
                         {"spec", {{"namespaces", {name("ns")}}}}};
        manifest["spec"]["registries"].push_back(std::move(entry));
        return manifest;
    }
    void make(Json const& manifest) {
        remember_tenancy(name("tenancy"));
        ASSERT_TRUE(done(apply(manifest)));
    }
    void expect_pulls(std::string const& ns, std::string const& image) {
        ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", image))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
    }
};

TEST_F(ServiceAccountIdentity, the_operators_own_token_becomes_a_role_of_ram) {
    CloudRequests const requests;
    make_acr({{"type", "OIDC"},
              {"oidc",
               {{"role", "acs:ram::1284387915995949:role/registry-tenancy"},
                {"provider", "acs:ram::1284387915995949:oidc-provider/ack-rrsa-demo"}}}});
    std::string const ns = make_namespace("ns");
    make(tenancy(name("registry"), "acs:ram::1146716667364888:role/acr-by-operator", "cainiao",
                 "{cluster}"));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    expect_pulls(ns, own_host() + "/cainiao/a1:v0.1");
    auto const assumed = requests.of_role("AssumeRole", "acr-by-operator");
    ASSERT_FALSE(assumed.empty());
    EXPECT_EQ(text_at(assumed.back(), "/caller")
                  .find("acs:ram::1284387915995949:assumed-role/registry-tenancy/"),
              0U)
        << assumed.back();
    EXPECT_EQ(text_at(assumed.back(), "/externalId"), "demo");
    EXPECT_FALSE(why_no_account(ns).empty()) << "only identity ServiceAccount needs one";
}

TEST_F(ServiceAccountIdentity, a_namespaces_token_becomes_its_tenancys_role_of_ram_in_one_step) {
    CloudRequests const requests;
    make_acr(by_namespace());
    std::string const ns = make_namespace("ns");
    make(tenancy(name("registry"), "acs:ram::1146716667364888:role/acr-by-namespace", "cainiao"));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    EXPECT_EQ(why_no_account(ns), "");
    expect_pulls(ns, own_host() + "/cainiao/a1:v0.1");
    auto const assumed = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "AssumeRoleWithOIDC" &&
               text_at(entry, "/caller") ==
                   "system:serviceaccount:registry-tenancy-system:ns-" + ns;
    });
    ASSERT_FALSE(assumed.empty());
    EXPECT_NE(text_at(assumed.back(), "/policy").find("cri-shanghai-shared01/cainiao/*"),
              std::string::npos);

    // The ServiceAccount goes with what needed it, a grace later.
    ASSERT_TRUE(done(kubectl({"delete", "registrytenancy", name("tenancy")})));
    EXPECT_TRUE(eventually(std::chrono::minutes(5), [&] {
        return why_no_account(ns).empty() ? std::string("it is still there") : std::string();
    }));
}

TEST_F(ServiceAccountIdentity, a_role_that_trusts_another_namespace_is_not_had) {
    make_acr(by_namespace());
    std::string const ns = make_namespace("ns");
    make(tenancy(name("registry"), "acs:ram::1146716667364888:role/acr-somebody-elses", "cainiao"));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const problems = problems_of(ns);
        return problems.find("NoPermission") != std::string::npos ? "" : "problems: " + problems;
    }));
    EXPECT_FALSE(pull_secret(ns)) << "nothing wider took its place";
}

TEST_F(ServiceAccountIdentity, a_namespaces_token_becomes_its_tenancys_role_of_aws_in_one_step) {
    CloudRequests const requests;
    std::string const account = ecr_account;
    std::string const host = account + ".dkr.ecr.eu-central-1.amazonaws.com";
    ASSERT_TRUE(done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                            {"kind", "Registry"},
                            {"metadata", {{"name", "ecr-" + account}}},
                            {"spec",
                             {{"hosts", {host}},
                              {"type", "AmazonECR"},
                              {"amazonECR",
                               {{"registryID", account},
                                {"region", "eu-central-1"},
                                {"identity", {{"type", "ServiceAccount"}}}}}}}})));
    std::string const ns = make_namespace("ns");
    make(tenancy("ecr-" + account, "arn:aws:iam::" + account + ":role/ecr-by-namespace",
                 "payments"));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    EXPECT_EQ(why_no_account(ns), "");
    expect_pulls(ns, host + "/payments/a1:v0.1");
    EXPECT_FALSE(requests
                     .matching([&](Json const& entry) {
                         return text_at(entry, "/action") == "AssumeRoleWithWebIdentity" &&
                                text_at(entry, "/caller") ==
                                    "system:serviceaccount:registry-tenancy-system:ns-" + ns;
                     })
                     .empty());
}

}  // namespace
}  // namespace e2e
