#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/proxy.hpp"

namespace rt::kube {

/// Where the API server is and who we are to it. Paths are re-read by the client; inline PEM is
/// not.
struct ClientConfig {
    std::string server;  ///< https://host:port
    std::string ca_file{};
    std::string ca_pem{};
    std::string token_file{};  ///< re-read at most once a minute and after a 401
    SecretString token{};
    std::string client_certificate_file{};
    std::string client_key_file{};
    std::string client_certificate_pem{};
    SecretString client_key_pem{};
    std::string tls_server_name{};
    std::optional<http::Proxy> proxy{};  ///< a kubeconfig's proxy-url
    std::string impersonate_user{};
    std::vector<std::string> impersonate_groups{};
    std::string current_namespace = "default";
    /// The longest that any call may take; 0: each call's own limit.
    std::chrono::milliseconds request_timeout{0};
};

/// The ServiceAccount that Kubernetes mounts into Pods. NotFound outside a cluster.
[[nodiscard]] Result<ClientConfig> in_cluster_config();

/// What of which kubeconfig files to use; all may be empty.
struct KubeconfigOptions {
    /// Several are merged as client-go does: of two entries with one name the first file's counts,
    /// and files that do not exist are passed over as long as one does.
    std::vector<std::string> paths{};
    std::string context{};  ///< empty: current-context
    std::string cluster{};  ///< instead of the context's
    std::string user{};     ///< instead of the context's
};

/// kubeconfig (client-go's file format). Supports token, tokenFile, client certificate and key, CA
/// as data or file, tls-server-name, impersonation. exec plugins and insecure-skip-tls-verify are
/// refused with the reason.
[[nodiscard]] Result<ClientConfig> load_kubeconfig(KubeconfigOptions const& options);
[[nodiscard]] Result<ClientConfig> load_kubeconfig(std::string const& path,
                                                   std::string const& context = {});

/// A kubeconfig file that has been read.
struct KubeconfigText {
    std::string path;
    std::string text;
};
/// load_kubeconfig() without the files: of `options.paths` those that exist, in their order.
[[nodiscard]] Result<ClientConfig> parse_kubeconfig(std::vector<KubeconfigText> const& texts,
                                                    KubeconfigOptions const& options);

/// `kubeconfig` if not empty, else in-cluster, else $KUBECONFIG or ~/.kube/config.
[[nodiscard]] Result<ClientConfig> find_config(std::string const& kubeconfig);

}  // namespace rt::kube
