#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "unit/cli/capture.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::cli::testing {

struct Ran {
    int code = 0;
    std::string out;
    std::string err;
};

/// A user at a terminal, with a cluster and a folder of their own.
class Bench {
  public:
    Bench() {
        std::string pattern = std::filesystem::temp_directory_path() / "rt-cli-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~Bench() { std::filesystem::remove_all(folder_); }
    Bench(Bench const&) = delete;
    Bench& operator=(Bench const&) = delete;

    /// Runs kubectl-tenancy with these arguments.
    Ran run(std::vector<std::string> const& arguments, std::string const& input = "") {
        Stream in(input);
        Stream out;
        Stream err;
        Environment env{in.get(), out.get(), err.get(), clock, colour, {}, {}};
        env.connect = [this](ClusterFlags const& flags) -> Result<Connection> {
            flags_seen = flags;
            if (!reachable) {
                return fail(Error{ErrorKind::Unavailable, "no cluster answers"});
            }
            // The server outlives every connection.
            return Connection{std::shared_ptr<kube::Client>(&api, [](kube::Client*) {}),
                              "context-ns"};
        };
        env.run_program = [this](std::vector<std::string> const& command) -> Result<std::string> {
            programs.push_back(command);
            return program_output;
        };
        env.with_network = [this](http::CaBundles const& trusted,
                                  std::function<void(registry::Network const&)> const& use) {
            trusted_seen = trusted;
            use({resolve, connect, handshake, network, clock});
        };
        int const code = cli::run(arguments, env);
        return {code, out.text(), err.text()};
    }

    /// Writes a file below the bench's folder and returns its path.
    std::string file(std::string const& name, std::string const& content) {
        auto const path = std::filesystem::path(folder_) / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << content;
        return path.string();
    }
    [[nodiscard]] std::string const& folder() const { return folder_; }

    test::FakeClock clock;
    test::FakeApiServer api{clock};
    bool reachable = true;
    bool colour = false;
    ClusterFlags flags_seen;
    std::vector<std::vector<std::string>> programs;
    std::string program_output;
    /// The registries: names that resolve, addresses that answer, and what they say.
    test::ScriptedTransport network;
    http::CaBundles trusted_seen;
    std::function<Result<std::vector<std::string>>(std::string const&)> resolve =
        [](std::string const&) { return std::vector<std::string>{"10.0.0.1"}; };
    std::function<Result<void>(std::string const&, std::string const&)> connect =
        [](std::string const&, std::string const&) { return Result<void>(); };
    std::function<Result<void>(std::string const&)> handshake = [](std::string const&) {
        return Result<void>();
    };

  private:
    std::string folder_;
};

/// A registry, a tenancy for namespace "team" by name and for label team=blue, as files.
inline constexpr char rules_yaml[] = R"(
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: shared}
spec: {hosts: [registry.example.com], type: Anonymous, anonymous: {}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: team}
spec:
  namespaces: [team]
  registries:
  - name: shared
    allow:
    - namespace: team
    - {repository: base/jdk, deprecated: use team/jdk}
  imagePullSecrets: {policy: Listed, allowed: [mine]}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: blue}
spec:
  namespaceSelector: {matchLabels: {team: blue}}
  enforcement: Warn
  registries: [{name: shared, allow: [{namespace: blue}]}]
---
apiVersion: v1
kind: Namespace
metadata: {name: sky, labels: {team: blue}}
---
apiVersion: v1
kind: Namespace
metadata: {name: free}
---
apiVersion: v1
kind: Namespace
metadata: {name: team}
)";

/// A Pod with one image.
inline std::string pod_yaml(std::string const& ns, std::string const& image,
                            std::string const& name = "web") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + ns +
           "}\nspec:\n  containers:\n  - name: main\n    image: \"" + image + "\"\n";
}

}  // namespace rt::cli::testing
