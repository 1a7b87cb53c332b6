#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "lib/base/digest.hpp"
#include "lib/kube/client/config.hpp"
#include "lib/kube/client/exec_plugin.hpp"

namespace rt::kube {
namespace {

class KubeconfigTest : public ::testing::Test {
  public:
    KubeconfigTest() {
        std::string name = (std::filesystem::temp_directory_path() / "kubeconfig-XXXXXX").string();
        folder = mkdtemp(name.data());
    }
    ~KubeconfigTest() override { std::filesystem::remove_all(folder); }
    KubeconfigTest(KubeconfigTest const&) = delete;
    KubeconfigTest& operator=(KubeconfigTest const&) = delete;

    Result<ClientConfig> load(std::string const& text, std::string const& context = {}) {
        std::string const path = folder / "config";
        std::ofstream(path) << text;
        return load_kubeconfig(path, context);
    }
    /// One cluster, one user, one context; `cluster` and `user` are flow maps.
    static std::string config(std::string const& cluster, std::string const& user) {
        return "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
               "contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]\n"
               "clusters: [{name: k, cluster: " +
               cluster +
               "}]\n"
               "users: [{name: u, user: " +
               user + "}]\n";
    }

    std::filesystem::path folder;
};

TEST_F(KubeconfigTest, ReadsInlineData) {
    std::string const ca = base64_encode("CA PEM");
    auto const loaded =
        load(config("{server: 'https://api:6443/', certificate-authority-data: " + ca +
                        ", tls-server-name: kubernetes, proxy-url: 'http://u:p@proxy:3128'}",
                    "{client-certificate-data: " + base64_encode("CERT") + ", client-key-data: " +
                        base64_encode("KEY") + ", token: tkn, as: alice, as-groups: [g1, g2]}"));
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->server, "https://api:6443");
    EXPECT_EQ(loaded->ca_pem, "CA PEM");
    EXPECT_EQ(loaded->tls_server_name, "kubernetes");
    EXPECT_EQ(loaded->proxy->authority, "proxy:3128");
    EXPECT_EQ(loaded->proxy->url.reveal(), "http://u:p@proxy:3128");
    EXPECT_EQ(loaded->client_certificate_pem, "CERT");
    EXPECT_EQ(loaded->client_key_pem.reveal(), "KEY");
    EXPECT_EQ(loaded->token.reveal(), "tkn");
    EXPECT_EQ(loaded->impersonate_user, "alice");
    EXPECT_EQ(loaded->impersonate_groups, (std::vector<std::string>{"g1", "g2"}));
    EXPECT_EQ(loaded->current_namespace, "n");
}

TEST_F(KubeconfigTest, PathsAreRelativeToTheFile) {
    auto const loaded =
        load(config("{server: 'https://api', certificate-authority: pki/ca.crt}",
                    "{tokenFile: ./token, client-certificate: /abs/c.crt, client-key: ../c.key}"));
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->ca_file, folder / "pki/ca.crt");
    EXPECT_EQ(loaded->token_file, folder / "token");
    EXPECT_EQ(loaded->client_certificate_file, "/abs/c.crt");
    EXPECT_EQ(loaded->client_key_file, folder.parent_path() / "c.key");
}

TEST_F(KubeconfigTest, DataWinsOverFilesAndTheTokenFileOverTheToken) {
    auto const loaded = load(
        config("{server: 'https://api', certificate-authority: x, certificate-authority-data: " +
                   base64_encode("CA") + "}",
               "{token: old, tokenFile: t}"));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->ca_pem, "CA");
    EXPECT_EQ(loaded->ca_file, "");
    EXPECT_TRUE(loaded->token.empty());
    EXPECT_EQ(loaded->token_file, folder / "t");
}

TEST_F(KubeconfigTest, TakesTheContextThatIsNamed) {
    std::string const text =
        "current-context: one\n"
        "contexts: [{name: one, context: {cluster: a}}, {name: two, context: {cluster: b}}]\n"
        "clusters: [{name: a, cluster: {server: 'https://a'}}, {name: b, cluster: {server: "
        "'https://b'}}]\n";
    EXPECT_EQ(load(text)->server, "https://a");
    EXPECT_EQ(load(text, "two")->server, "https://b");
    EXPECT_EQ(load(text)->current_namespace, "default");
}

TEST_F(KubeconfigTest, SaysWhatIsWrongAndWhatToDo) {
    std::string const cluster = "{server: 'https://api'}";
    struct Case {
        std::string text;
        char const* message;
    };
    for (Case const& one : {
             Case{"[]", "not a kubeconfig"},
             {"a: [", "not valid YAML near line"},
             {"clusters: []", "current-context is not set"},
             {"current-context: x\ncontexts: []", "contexts has no entry named \"x\""},
             {config("{server: 'http://api'}", "{}"), "must start with https://"},
             {config("{}", "{}"), "must start with https://"},
             {config("{server: 'https://api', insecure-skip-tls-verify: true}", "{}"),
              "insecure-skip-tls-verify is refused: "},
             {config("{server: 'https://api', proxy-url: 'socks5://p'}", "{}"), "proxy-url"},
             {config("{server: 'https://api', certificate-authority-data: '%%%'}", "{}"),
              "certificate-authority-data is not base64"},
             {config(cluster, "{exec: {command: aws}}"), "user.exec.apiVersion"},
             {config(cluster, "{auth-provider: {name: gcp}}"), "Kubernetes has removed it"},
             {config(cluster, "{username: a, password: b}"), "no basic authentication"},
             {config(cluster, "{client-certificate: c}"), "must both be given"},
             {config(cluster, "{client-key-data: " + base64_encode("K") + "}"),
              "must both be given"},
             {config(cluster, "{as-groups: [g]}"), "user.as-groups needs user.as"},
             {config(cluster, "{token: [a]}"), "token must be a string"},
         }) {
        auto const loaded = load(one.text);
        ASSERT_FALSE(loaded) << one.text;
        EXPECT_EQ(loaded.error().kind, ErrorKind::InvalidArgument);
        EXPECT_NE(loaded.error().message.find(one.message), std::string::npos)
            << loaded.error().message;
        EXPECT_NE(loaded.error().message.find(folder.string()), std::string::npos);
    }
}

TEST_F(KubeconfigTest, AMistakeNeverPrintsTheToken) {
    auto const loaded = load("users: [{name: u, user: {token: canary-token\n  : [}}]");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message.find("canary"), std::string::npos) << loaded.error().message;
}

TEST_F(KubeconfigTest, AnAbsentFileIsNotFound) {
    EXPECT_EQ(load_kubeconfig(folder / "absent").error().kind, ErrorKind::NotFound);
    EXPECT_EQ(find_config(folder / "absent").error().kind, ErrorKind::NotFound);
}

TEST_F(KubeconfigTest, OutsideAClusterThereIsNoInClusterConfig) {
    unsetenv("KUBERNETES_SERVICE_HOST");
    EXPECT_EQ(in_cluster_config().error().kind, ErrorKind::NotFound);
    std::ofstream(folder / "config") << config("{server: 'https://from-environment'}", "{}");
    setenv("KUBECONFIG", (folder / "config").c_str(), 1);
    EXPECT_EQ(find_config("")->server, "https://from-environment");
    setenv("KUBECONFIG", ("/absent:" + (folder / "config").string()).c_str(), 1);
    EXPECT_EQ(find_config("")->server, "https://from-environment");
    EXPECT_EQ(find_user({})->config.server, "https://from-environment");
    setenv("KUBECONFIG", "/absent:/absent-too", 1);
    EXPECT_EQ(find_config("").error().kind, ErrorKind::NotFound);
    unsetenv("KUBECONFIG");
}

// client-go's rules: the first file that says something wins, paths belong to their file.
TEST_F(KubeconfigTest, SeveralFilesAreOneConfiguration) {
    std::filesystem::create_directory(folder / "sub");
    std::string const first = folder / "first";
    std::string const second = folder / "sub" / "second";
    std::ofstream(first) << "contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]\n"
                            "users: [{name: u, user: {token: first}}]\n";
    std::ofstream(second) << "current-context: c\n"
                             "clusters: [{name: k, cluster: {server: 'https://k', "
                             "certificate-authority: ca.crt}}, "
                             "{name: l, cluster: {server: 'https://l'}}]\n"
                             "users: [{name: u, user: {token: second}}, "
                             "{name: v, user: {token: of-v}}]\n";
    KubeconfigOptions options{{first, (folder / "absent").string(), second}};
    auto const merged = load_kubeconfig(options);
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(merged->server, "https://k");
    EXPECT_EQ(merged->ca_file, (folder / "sub" / "ca.crt").string());
    EXPECT_EQ(merged->token.reveal(), "first");
    EXPECT_EQ(merged->current_namespace, "n");
    options.cluster = "l";
    options.user = "v";
    auto const chosen = load_kubeconfig(options);
    ASSERT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(chosen->server, "https://l");
    EXPECT_EQ(chosen->token.reveal(), "of-v");
    options.user = "nobody";
    EXPECT_EQ(load_kubeconfig(options).error().kind, ErrorKind::InvalidArgument);
}

}  // namespace
}  // namespace rt::kube
