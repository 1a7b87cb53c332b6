#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/registry/network.hpp"

namespace rt::cli {

/// What the process ends with.
enum ExitCode : int {
    ExitOk = 0,      ///< the command ran; for `image parse` also where references are invalid
    ExitFailed = 1,  ///< trouble on the way; for `check`, `explain`: an image is denied
    ExitUsage = 2,   ///< the command line is wrong, or `check` could not judge
};

/// The flags that every kubectl command has.
struct ClusterFlags {
    std::string kubeconfig{};
    std::string context{};
    std::string cluster{};
    std::string user{};
    std::string ns{};
    std::string as{};
    std::vector<std::string> as_groups{};
    std::string request_timeout{};  ///< "30s", "5m"; empty or "0": the client's own
};

/// A cluster to talk to, as the user.
struct Connection {
    std::shared_ptr<kube::Client> client;
    std::string current_namespace = "default";
};

/// All objects of a type, with apiVersion and kind, which lists leave out. Page by page: each
/// answer stays far below the client's limit.
[[nodiscard]] Result<std::vector<Json>> list_objects(kube::Client& client,
                                                     kube::ResourceType const& type,
                                                     kube::ListOptions options = {});

/// Everything a command touches, so that tests can give their own.
struct Environment {
    std::FILE* in;
    std::FILE* out;
    std::FILE* err;
    Clock& clock;
    bool colour = false;
    std::function<Result<Connection>(ClusterFlags const&)> connect;
    /// Runs a program to its end and returns what it wrote to its standard output.
    std::function<Result<std::string>(std::vector<std::string> const&)> run_program;
    /// Calls with the network as it is here; trusts the system's certificates and `trusted`.
    std::function<void(http::CaBundles const& trusted,
                       std::function<void(registry::Network const&)> const& use)>
        with_network{};
};

/// The process's own: kubeconfig and processes; colours where `out` is a terminal and NO_COLOR is
/// not set.
[[nodiscard]] Environment real_environment(std::FILE* in, std::FILE* out, std::FILE* err);

/// Writes all of `text`; false where the stream takes no more.
bool print(std::FILE* stream, std::string_view text);
/// "error: MESSAGE\n" on env.err, escaped line by line; returns `code`.
int report_error(Environment& env, std::string_view message, int code = ExitFailed);
/// "warning: MESSAGE\n" on env.err.
void report_warning(Environment& env, std::string_view message);

}  // namespace rt::cli
