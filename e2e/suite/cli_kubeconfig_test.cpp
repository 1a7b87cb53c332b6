#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// Whose kubeconfig it is: exec plugins (as managed clusters have them), contexts, several files.
namespace e2e {
namespace {

class CliKubeconfig : public TenancyTest {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / name("kubeconfig");
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
        TenancyTest::TearDown();
    }

    /// The local cluster's kubeconfig, but its user asks `command` beside it.
    std::string with_plugin(std::string const& command, std::string const& more = {}) {
        std::string const server =
            kubectl({"config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"})
                .out;
        std::string const path = folder_ / "config";
        std::ofstream(path) << "apiVersion: v1\nkind: Config\ncurrent-context: managed\n"
                               "contexts:\n- name: managed\n  context: {cluster: c, user: u}\n"
                               "clusters:\n- name: c\n  cluster: {server: '"
                            << server << "', certificate-authority: " << cluster_directory()
                            << "/pki/kubernetes-ca.crt}\n"
                               "users:\n- name: u\n  user:\n    exec:\n"
                               "      apiVersion: client.authentication.k8s.io/v1\n"
                               "      interactiveMode: IfAvailable\n      command: "
                            << command << '\n'
                            << more;
        return path;
    }
    void plugin(std::string const& file, std::string const& body) {
        std::ofstream(folder_ / file) << "#!/bin/sh\n" << body;
        std::filesystem::permissions(folder_ / file, std::filesystem::perms::owner_all);
    }
    static CommandResult with(std::string const& kubeconfig, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"env", "KUBECONFIG=" + kubeconfig,
                                             repository() + "/build/bin/kubectl-tenancy"});
        return run(arguments);
    }

    std::filesystem::path folder_;
};

TEST_F(CliKubeconfig, asks_the_exec_plugin_who_the_user_is) {
    std::string const ns = make_governed_namespace();
    std::string const grants = "grants";
    // A token, as clouds give them: here of a ServiceAccount that may read the grant.
    ASSERT_TRUE(done(kubectl({"-n", ns, "create", "serviceaccount", "somebody"})));
    ASSERT_TRUE(done(kubectl({"-n", ns, "create", "rolebinding", "viewer", "--clusterrole=view",
                              "--serviceaccount=" + ns + ":somebody"})));
    auto const token = kubectl({"-n", ns, "create", "token", "somebody"});
    ASSERT_TRUE(done(token));
    plugin("cloud",
           "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
           "\"ExecCredential\",\"status\":{\"token\":\"%s\"}}' '" +
               token.out.substr(0, token.out.find('\n')) + "'\n");
    std::string const kubeconfig = with_plugin("./cloud");
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const asked = with(kubeconfig, {"explain", std::string(allowed_image), "-n", ns});
        return asked.status == 0 && asked.out.find("allowed by") != std::string::npos
                   ? ""
                   : asked.text();
    }));
    EXPECT_EQ(with(kubeconfig, {"explain", std::string(foreign_image), "-n", ns}).status, 1);

    // A client certificate: the admin's own.
    plugin("certificate",
           "cd '" + cluster_directory() +
               "/pki'\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
               "\"ExecCredential\",\"status\":{\"clientCertificateData\":\"%s\","
               "\"clientKeyData\":\"%s\"}}' \"$(sed 's/$/\\\\n/' admin.crt | tr -d '\\n')\" "
               "\"$(sed 's/$/\\\\n/' admin.key | tr -d '\\n')\"\n");
    auto const as_admin = with(with_plugin("./certificate"), {"grants"});
    EXPECT_EQ(as_admin.status, 0) << as_admin.text();
    EXPECT_NE(as_admin.out.find(ns), std::string::npos) << as_admin.text();
}

TEST_F(CliKubeconfig, says_what_to_do_where_the_plugin_does_not_answer) {
    auto const missing =
        with(with_plugin("no-such-cloud", "      installHint: get it from the wiki\n"), {"grants"});
    EXPECT_NE(missing.status, 0);
    for (std::string const text : {"no-such-cloud", "install it", "get it from the wiki"}) {
        EXPECT_NE(missing.err.find(text), std::string::npos) << missing.text();
    }
    plugin("expired", "echo 'your session has expired' >&2; exit 3\n");
    auto const expired = with(with_plugin("./expired"), {"grants"});
    for (std::string const text : {"your session has expired", "ended with 3", "log in again"}) {
        EXPECT_NE(expired.err.find(text), std::string::npos) << expired.text();
    }
}

TEST_F(CliKubeconfig, takes_context_and_files_as_kubectl_does) {
    std::string const own = cluster_directory() + "/kubeconfig";
    plugin("expired", "exit 3\n");
    std::string const both = with_plugin("./expired") + ":/nowhere:" + own;
    EXPECT_NE(with(both, {"grants"}).status, 0) << "the first file's current-context";
    auto const chosen = with(both, {"grants", "--context", "registry-tenancy"});
    EXPECT_EQ(chosen.status, 0) << chosen.text();
    auto const unknown = with(both, {"grants", "--context", "nobody"});
    EXPECT_NE(unknown.err.find("no entry named \"nobody\""), std::string::npos) << unknown.text();
}

}  // namespace
}  // namespace e2e
