#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "e2e/suite/support/command.hpp"
#include "e2e/suite/support/environment.hpp"

// What somebody sees who starts a program with a mistake, or where there is no API server.
namespace e2e {
namespace {

std::string const webhook = repository() + "/build/bin/registry-tenancy-webhook";
std::string const tenancy_operator = repository() + "/build/bin/registry-tenancy-operator";
std::string const command_line = repository() + "/build/bin/kubectl-tenancy";

/// A file that is gone with the test.
class TemporaryFile {
  public:
    TemporaryFile(std::string const& name, std::string const& content)
        : path_(std::filesystem::temp_directory_path() /
                ("registry-tenancy-e2e-" + std::to_string(::getpid()) + "-" + name)) {
        std::ofstream(path_) << content;
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(TemporaryFile const&) = delete;
    TemporaryFile& operator=(TemporaryFile const&) = delete;
    [[nodiscard]] std::string path() const { return path_; }

  private:
    std::filesystem::path path_;
};

TEST(Programs, refuse_unknown_flags_by_name) {
    for (std::string const& program : {webhook, tenancy_operator, command_line}) {
        CommandResult const result = run({program, "--confg"});
        EXPECT_EQ(result.status, 2) << program << result.text();
        EXPECT_NE(result.err.find("--confg"), std::string::npos) << result.text();
    }
}

TEST(Programs, name_an_unknown_setting_its_line_and_the_nearest_known_one) {
    TemporaryFile const settings("settings.yaml", "webhook:\n  prot: 8443\n");
    for (std::vector<std::string> arguments : {std::vector<std::string>{webhook},
                                               {tenancy_operator},
                                               {tenancy_operator, "publish-webhook"}}) {
        arguments.insert(arguments.end(), {"--config", settings.path()});
        CommandResult const result = run(arguments);
        EXPECT_EQ(result.status, 1) << result.text();
        for (std::string const part : {"line 2", "prot", "did you mean", "port"}) {
            EXPECT_NE(result.err.find(part), std::string::npos) << part << result.text();
        }
    }
}

TEST(Programs, name_a_settings_file_that_is_not_there) {
    CommandResult const result = run({webhook, "--config", "/nowhere/config.yaml"});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find("/nowhere/config.yaml: No such file"), std::string::npos)
        << result.text();
}

TEST(Programs, keep_trying_and_say_so_while_the_api_server_does_not_answer) {
    TemporaryFile const settings("settings.yaml",
                                 "clusterName: nowhere\n"
                                 "webhook: {port: 39443, adminPort: 39080, drainSeconds: 0}\n"
                                 "operator: {adminPort: 39081}\n");
    // Port 1 of this machine: refused at once.
    TemporaryFile const kubeconfig("kubeconfig",
                                   "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                                   "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
                                   "clusters: [{name: c, cluster: {server: "
                                   "\"https://127.0.0.1:1\"}}]\n"
                                   "users: [{name: u, user: {token: canary-token-of-a-test}}]\n");
    for (std::vector<std::string> arguments : {std::vector<std::string>{webhook},
                                               {tenancy_operator},
                                               {tenancy_operator, "publish-webhook"}}) {
        arguments.insert(arguments.end(),
                         {"--config", settings.path(), "--kubeconfig", kubeconfig.path()});
        CommandResult const result = run(arguments, "", std::chrono::seconds(5));
        EXPECT_TRUE(result.timed_out) << "it waits for the API server\n" << result.text();
        EXPECT_NE(result.err.find("127.0.0.1:1"), std::string::npos) << result.text();
        EXPECT_EQ(result.text().find("canary-token"), std::string::npos);
    }
}

}  // namespace
}  // namespace e2e
