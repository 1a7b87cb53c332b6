#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/client/config.hpp"

namespace rt::kube {

/// A program of the user's that knows who they are (client.authentication.k8s.io), as managed
/// clusters' kubeconfigs have it.
struct ExecPlugin {
    enum class Interactive { Never, IfAvailable, Always };

    std::string api_version;  ///< client.authentication.k8s.io/v1 or v1beta1
    std::string command;      ///< a path, or a name found on PATH
    std::vector<std::string> arguments{};
    std::vector<std::pair<std::string, std::string>> environment{};
    std::string install_hint{};
    Interactive interactive = Interactive::IfAvailable;
    bool provide_cluster_info = false;
};

/// A kubeconfig of the person whose programs it may have us run.
struct UserConfig {
    ClientConfig config;
    std::optional<ExecPlugin> exec{};  ///< then token and client certificate come from it
};

/// load_kubeconfig() and parse_kubeconfig() with exec plugins (without a cluster's own settings for
/// them).
[[nodiscard]] Result<UserConfig> load_user_kubeconfig(KubeconfigOptions const& options);
[[nodiscard]] Result<UserConfig> parse_user_kubeconfig(std::vector<KubeconfigText> const& texts,
                                                       KubeconfigOptions const& options);
/// For a person's commands, as kubectl looks: `options.paths`, else $KUBECONFIG, else
/// ~/.kube/config, and in a Pod without any of them the ServiceAccount.
[[nodiscard]] Result<UserConfig> find_user(KubeconfigOptions options);
/// An error where there is a plugin: our own programs run nobody's.
[[nodiscard]] Result<void> refuse_exec(UserConfig const& user);

/// make_client() for it: runs the plugin at once, again when what it said has expired, and after a
/// 401.
[[nodiscard]] Result<std::unique_ptr<Client>> make_user_client(UserConfig user, Clock& clock);

/// What an exec plugin says (`status` of an ExecCredential). At least one of token and client
/// certificate is there.
struct ExecCredential {
    SecretString token{};
    std::string client_certificate_pem{};
    SecretString client_key_pem{};
    std::optional<WallTime> expires_at{};  ///< nullopt: holds until the server refuses it
};

/// Runs it as client-go does (Kubernetes' documentation on authentication, "client-go credential
/// plugins"): with KUBERNETES_EXEC_INFO, its standard error for the person to see, and our standard
/// input where it may ask and that is a terminal. It has a minute, and five where it may ask. The
/// error says what to do, and never what the plugin wrote. `ca_pem`: of the API server, for plugins
/// that want to know it. Blocks.
[[nodiscard]] Result<ExecCredential> run_exec_plugin(ExecPlugin const& plugin,
                                                     ClientConfig const& config,
                                                     std::string const& ca_pem);

/// Reads an ExecCredential of this version.
[[nodiscard]] Result<ExecCredential> parse_exec_credential(std::string_view text,
                                                           std::string_view api_version);

}  // namespace rt::kube
