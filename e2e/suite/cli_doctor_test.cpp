#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// kubectl tenancy doctor: from a node, from the cluster with the operator's identity, and from
// where the user stands, which here is outside the cluster's network.
namespace e2e {
namespace {

constexpr std::chrono::seconds doctor_limit{240};

class CliDoctor : public TenancyTest {
  protected:
    std::string make_ready_with_pod(std::string const& role) {
        std::string const ns = make_namespace("ns");
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {ns};
        tenancy.role = role;
        make_ready_tenancy(tenancy);
        EXPECT_TRUE(done(apply(pod_manifest(ns, "own", std::string(allowed_image)))));
        return ns;
    }
    CommandResult doctor(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(),
                         {repository() + "/e2e/cluster/inside",
                          repository() + "/build/bin/kubectl-tenancy", "doctor", name("tenancy")});
        arguments.insert(arguments.end(), {"--kubeconfig", cluster_directory() + "/kubeconfig"});
        return run(arguments, "", doctor_limit);
    }
    /// What comes after the line that begins with `place`.
    static std::string part(CommandResult const& result, std::string const& place) {
        std::size_t const at = result.out.find(place);
        return at == std::string::npos ? "" : result.out.substr(at);
    }
    static testing::AssertionResult shows(std::string const& text,
                                          std::vector<std::string> const& parts) {
        for (std::string const& one : parts) {
            if (text.find(one) == std::string::npos) {
                return testing::AssertionFailure() << "\"" << one << "\" is not in\n" << text;
            }
        }
        return testing::AssertionSuccess();
    }
    static std::string pods_left() {
        std::string names;
        for (std::string const ns : {"kube-system", "registry-tenancy-system"}) {
            for (Json const& pod : list("pods", ns)) {
                std::string const pod_name = text_at(pod, "/metadata/name");
                names += pod_name.rfind("registry-tenancy-doctor-", 0) == 0 &&
                                 text_at(pod, "/metadata/deletionTimestamp").empty()
                             ? pod_name + " "
                             : "";
            }
        }
        return names;
    }
    /// Tests beside this one have Pods of the same kind for a while.
    static testing::AssertionResult no_pods_stay() { return eventually(soon, pods_left); }
    static std::string node() {
        auto const nodes = list("nodes");
        return nodes.empty() ? "" : text_at(nodes.front(), "/metadata/name");
    }
};

TEST_F(CliDoctor, walks_from_a_node_and_from_the_cluster) {
    std::string const ns = make_ready_with_pod("acr-cainiao");
    ASSERT_TRUE(eventually(soon, [&] { return why_not_running(ns, "own"); }));
    auto const result = doctor({"--from-node", node(), "--from-cluster"});
    EXPECT_TRUE(shows(part(result, "what the operator says"), {"ok      Ready"}));
    // The node's own network: the names resolve, and nobody pulls without a credential.
    EXPECT_TRUE(shows(part(result, "from node " + node()),
                      {"ok      DNS", "10.200.1.4", "ok      TCP", "ok      TLS", "ok      /v2/",
                       "ok      challenge", "https://dockerauth.cn-shanghai.aliyuncs.com/auth",
                       "is not granted to anybody, as it should be"}))
        << result.text();
    // The whole chain, with a credential that the operator's identity gets.
    EXPECT_TRUE(shows(part(result, "from the cluster"),
                      {"ok      identity", "100.100.100.200", "ok      assume role", "sts",
                       "ok      registry token", "ok      DNS", "ok      token", "scope",
                       "repository:cainiao/a1:pull is granted", "ok      manifest"}))
        << result.text();
    EXPECT_TRUE(no_pods_stay());
    EXPECT_EQ(result.text().find("password"), std::string::npos);
}

TEST_F(CliDoctor, walks_from_where_one_stands_and_names_the_step_that_fails) {
    std::string const ns = make_ready_with_pod("acr-suite-24");
    auto const well = doctor({"-n", ns});
    EXPECT_EQ(well.status, 0) << well.text();
    EXPECT_TRUE(shows(part(well, "from here to " + std::string(vpc_host)),
                      {"with the pull Secret's credential", "ok      DNS", "ok      TLS",
                       "ok      token", "is granted", "ok      manifest"}));
    Fault const fault("auth", {{"mode", "expired"}, {"role", "acr-suite-24"}});
    auto const ill = doctor({});
    EXPECT_EQ(ill.status, 1) << ill.text();
    EXPECT_TRUE(shows(part(ill, "from here to "),
                      {"ok      challenge", "FAILED  token", "HTTP 401", "likely:", "revoked"}))
        << ill.text();
    auto const untagged = doctor({"--image", std::string(vpc_host) + "/cainiao/a1:v9"});
    EXPECT_EQ(untagged.status, 1);
}

TEST_F(CliDoctor, says_which_name_does_not_resolve) {
    std::string const host = "nowhere-registry-vpc." + name("zone") + ".example.com";
    Json const login = {{"auths", {{host, {{"auth", base64_encoded("user:word")}}}}}};
    make_product_secret(name("login"), "kubernetes.io/dockerconfigjson",
                        {{".dockerconfigjson", login.dump()}});
    make_registry({{"type", "DockerConfigSecret"},
                   {"dockerConfigSecret", {{"secretName", name("login")}}},
                   {"allowUnnarrowed", true}},
                  host);
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = name("registry");
    tenancy.role = "";
    make_ready_tenancy(tenancy);
    auto const result = doctor({"--image", host + "/cainiao/a1:v1"});
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(shows(part(result, "from here to " + host),
                      {"FAILED  DNS", "likely:", "private zone is bound"}))
        << result.text();
}

TEST_F(CliDoctor, tells_a_role_that_is_too_narrow_and_one_that_is_too_broad) {
    std::string const ns = make_ready_with_pod("acr-alipay-only");
    auto const narrow = doctor({"--from-cluster"});
    EXPECT_EQ(narrow.status, 1);
    EXPECT_TRUE(shows(
        part(narrow, "from the cluster"),
        {"ok      registry token", "FAILED  scope", "add action cr:PullRepository on resource"}))
        << narrow.text();

    // An image of others has to run somewhere, or there is nothing to ask about.
    std::string const others = make_namespace("others");
    ASSERT_TRUE(done(apply(pod_manifest(others, "foreign", std::string(foreign_image)))));
    auto const broad = doctor({"--from-cluster", "--role"});
    EXPECT_TRUE(shows(part(broad, "from the cluster"),
                      {"FAILED  role", "RoleTooBroad", "alipay/a1", "--document role"}))
        << broad.text();
    EXPECT_TRUE(no_pods_stay());
}

TEST_F(CliDoctor, tells_what_keeps_the_operator_from_minting) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.role = "acr-other-external-id";
    make_tenancy(tenancy);
    ASSERT_TRUE(eventually(soon, [&] { return why_not_failing(tenancy.name); }));
    CommandResult result;
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        result = doctor({"--image", std::string(allowed_image)});
        return result.out.find("FAILED  mint") != std::string::npos ? "" : result.text();
    }));
    EXPECT_TRUE(shows(part(result, "what the operator says"),
                      {"FAILED  Ready", "AssumeRole", "sts:ExternalId differs",
                       "kubectl tenancy policy " + tenancy.name + " --document trust"}))
        << result.text();
    auto const inside = doctor({"--image", std::string(allowed_image), "--from-cluster"});
    EXPECT_TRUE(shows(part(inside, "from the cluster"),
                      {"ok      identity", "FAILED  assume role", "sts:ExternalId differs"}))
        << inside.text();
}

}  // namespace
}  // namespace e2e
