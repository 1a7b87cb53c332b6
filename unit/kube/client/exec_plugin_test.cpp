#include "lib/kube/client/exec_plugin.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/subprocess.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/client/http_client.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::kube {
namespace {

constexpr std::string_view v1 = "client.authentication.k8s.io/v1";

/// What a plugin writes to its standard output.
std::string credential(Json status, std::string_view version = v1) {
    return Json{{"apiVersion", version}, {"kind", "ExecCredential"}, {"status", std::move(status)}}
        .dump();
}

class ExecPlugins : public ::testing::Test {
  public:
    ExecPlugins() {
        std::string name = (std::filesystem::temp_directory_path() / "exec-XXXXXX").string();
        folder = mkdtemp(name.data());
    }
    ~ExecPlugins() override { std::filesystem::remove_all(folder); }
    ExecPlugins(ExecPlugins const&) = delete;
    ExecPlugins& operator=(ExecPlugins const&) = delete;

    /// A script beside the kubeconfig.
    void script(std::string const& name, std::string const& body) {
        std::ofstream(folder / name) << "#!/bin/sh\n" << body << '\n';
        std::filesystem::permissions(folder / name, std::filesystem::perms::owner_all);
    }
    /// A kubeconfig whose user has this exec section.
    Result<UserConfig> load(std::string const& exec, std::string const& more = {}) {
        std::string const path = folder / "config";
        std::ofstream(path) << "current-context: c\n"
                               "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                               "clusters: [{name: k, cluster: {server: 'https://api', "
                               "certificate-authority-data: "
                            << base64_encode("CA") << "}}]\nusers: [{name: u, user: {exec: " << exec
                            << more << "}}]\n";
        return load_user_kubeconfig({{path}});
    }
    static std::string exec(std::string const& more = {}) {
        return "{apiVersion: " + std::string(v1) + ", command: ./plugin, interactiveMode: Never" +
               more + "}";
    }
    Result<ExecCredential> run(std::string const& section) {
        RT_TRY(auto const user, load(section));
        return run_exec_plugin(*user.exec, user.config, user.config.ca_pem);
    }
    std::string read(std::string const& name) {
        std::ifstream in(folder / name);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::filesystem::path folder;
};

TEST_F(ExecPlugins, SayWhoWeAre) {
    script("plugin",
           "printf '%s' '" +
               credential({{"token", "tkn"}, {"expirationTimestamp", "2026-01-02T04:04:05Z"}}) +
               "'");
    auto const said = run(exec());
    ASSERT_TRUE(said) << said.error().message;
    EXPECT_EQ(said->token.reveal(), "tkn");
    ASSERT_TRUE(said->expires_at);
    EXPECT_EQ(format_rfc3339(*said->expires_at), "2026-01-02T04:04:05Z");

    script("plugin", "printf '%s' '" +
                         credential({{"clientCertificateData", "CERT"}, {"clientKeyData", "KEY"}}) +
                         "'");
    auto const certified = run(exec());
    ASSERT_TRUE(certified);
    EXPECT_EQ(certified->client_certificate_pem, "CERT");
    EXPECT_EQ(certified->client_key_pem.reveal(), "KEY");
    EXPECT_FALSE(certified->expires_at);
}

TEST_F(ExecPlugins, GetTheirArgumentsEnvironmentAndWhatTheyAsk) {
    script("plugin", "echo \"$1 $2 $REGION $HOME\" > '" + (folder / "seen").string() +
                         "'; cat >> '" + (folder / "seen").string() +
                         "'; printf '%s' \"$KUBERNETES_EXEC_INFO\" > '" +
                         (folder / "info").string() + "'; printf '%s' '" +
                         credential({{"token", "t"}}) + "'");
    ASSERT_TRUE(
        run(exec(", args: [get-token, --x], env: [{name: REGION, value: eu}, {name: HOME, "
                 "value: /nowhere}], provideClusterInfo: true")));
    EXPECT_EQ(read("seen"), "get-token --x eu /nowhere\n") << "and nothing to read";
    auto const info = Json::parse(read("info"));
    EXPECT_EQ(info["apiVersion"], v1);
    EXPECT_EQ(info["spec"]["interactive"], false);
    EXPECT_EQ(info["spec"]["cluster"]["server"], "https://api");
    EXPECT_EQ(info["spec"]["cluster"]["certificate-authority-data"], base64_encode("CA"));
    ASSERT_TRUE(run(exec()));
    EXPECT_FALSE(Json::parse(read("info"))["spec"].contains("cluster"));
}

TEST_F(ExecPlugins, WhatIsWrongIsSaidWithWhatToDoAndNeverWhatTheyWrote) {
    struct Case {
        std::string body;  ///< empty: there is no such program
        std::string section;
        std::string message;
    };
    std::string const canary = "canary-4711";
    for (auto const& [body, section, message] : std::vector<Case>{
             {"", exec(", installHint: 'get it from x'"), "get it from x"},
             {"", exec(), "cannot be run"},
             {"echo " + canary + "; exit 7", exec(), "ended with 7"},
             {"echo " + canary, exec(), "wrote no ExecCredential"},
             {"echo '{\"kind\":\"ExecCredential\",\"" + canary + "'", exec(), "no ExecCredential"},
             {"echo '" + credential({{"token", canary}}, "client.authentication.k8s.io/v1beta1") +
                  "'",
              exec(), "though the kubeconfig says"},
             {"echo '" + credential(Json::object()) + "'", exec(), "neither a token nor"},
             {"echo '" + credential({{"clientKeyData", canary}}) + "'", exec(), "only one of"},
             {"echo '" + credential({{"token", canary}, {"expirationTimestamp", "soon"}}) + "'",
              exec(), "that is no time"},
             {"yes " + canary, exec(), "wrote over 1048576 bytes"},
             {"echo x",
              "{apiVersion: " + std::string(v1) + ", command: ./plugin, interactiveMode: Always}",
              "there is no terminal"},
             {"echo x", "{apiVersion: client.authentication.k8s.io/v1alpha1, command: ./plugin}",
              "is not supported"},
             {"echo x", "{apiVersion: " + std::string(v1) + ", command: ./plugin}",
              "interactiveMode \"\" must be"},
             {"echo x", "{apiVersion: " + std::string(v1) + ", interactiveMode: Never}",
              "command is missing"},
             {"echo x", exec(", args: x"), "args must be a list"},
             {"echo x", exec(", env: [{value: x}]"), "usable name"},
         }) {
        std::filesystem::remove(folder / "plugin");
        if (!body.empty()) {
            script("plugin", body);
        }
        auto const said = run(section);
        ASSERT_FALSE(said) << body << section;
        EXPECT_NE(said.error().message.find(message), std::string::npos) << said.error().message;
        EXPECT_EQ(said.error().message.find(canary), std::string::npos) << said.error().message;
    }
}

TEST_F(ExecPlugins, RunForThePersonWhoseFileItIsOnly) {
    ASSERT_TRUE(load(exec()));
    auto const refused = load_kubeconfig(folder / "config");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("user.exec is not supported here"), std::string::npos);
    auto const token = load(exec(), ", token: t");
    ASSERT_TRUE(token);
    EXPECT_FALSE(token->exec) << "what the file says itself wins";
    auto const beta = load("{apiVersion: client.authentication.k8s.io/v1beta1, command: aws}");
    ASSERT_TRUE(beta) << beta.error().message;
    EXPECT_EQ(beta->exec->command, "aws") << "found on PATH";
    EXPECT_EQ(beta->exec->interactive, ExecPlugin::Interactive::IfAvailable);
}

TEST_F(ExecPlugins, AreAskedAgainWhenTheirWordHasExpiredOrIsRefused) {
    // Says token-1, token-2, ...; each holds for ten minutes.
    script(
        "plugin",
        "n=$(($(cat '" + (folder / "n").string() + "' 2>/dev/null || echo 0) + 1)); echo $n > '" +
            (folder / "n").string() +
            "'\n[ $n -lt 4 ] || exit 1\nprintf "
            "'{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
            "\"status\":{\"token\":\"token-%s\",\"expirationTimestamp\":\"2026-01-02T03:%s4:05Z\"}"
            "}' $n $n");
    auto user = load(exec());
    ASSERT_TRUE(user);
    test::FakeClock clock;  // 03:04:05
    auto const api = std::make_shared<test::ScriptedTransport>();
    auto made = make_client_over([&](http::CurlTransportOptions const&) { return api; },
                                 *std::move(user), clock);
    ASSERT_TRUE(made) << made.error().message;
    auto const ask = [&](std::string const& token, int status = 200) {
        api->expect("GET", "https://api/version")
            .with_header("Authorization", "Bearer " + token)
            .answer(status, "{}");
    };
    ask("token-1");
    ask("token-1");
    EXPECT_TRUE((*made)->raw_get("/version", {}));
    clock.advance(std::chrono::minutes(9));
    EXPECT_TRUE((*made)->raw_get("/version", {}));
    clock.advance(std::chrono::minutes(2));
    ask("token-2", 401);
    ask("token-3");
    EXPECT_TRUE((*made)->raw_get("/version", {}));
    // Now it fails: what it said before stays in use, until the server refuses it.
    ask("token-3", 401);
    EXPECT_EQ((*made)->raw_get("/version", {}).error().kind, ErrorKind::Unauthenticated);
    EXPECT_EQ(read("n"), "4\n");
}

TEST(Subprocesses, AreKilledWhenTheyTakeTooLong) {
    Subprocess program;
    program.arguments = {"sleep", "60"};
    program.time_max = std::chrono::milliseconds(50);
    program.output_bytes_max = 10;
    auto const result = run_subprocess(program);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::DeadlineExceeded);
    program.arguments = {"sh", "-c", "exec >&-; sleep 60"};
    EXPECT_EQ(run_subprocess(program).error().kind, ErrorKind::DeadlineExceeded)
        << "also where they only close their output";
    program.arguments = {"sh", "-c", "kill -9 $$"};
    program.time_max = std::chrono::seconds(30);
    EXPECT_EQ(run_subprocess(program)->status, 137);
}

}  // namespace
}  // namespace rt::kube
