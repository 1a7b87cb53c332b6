#pragma once

#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"

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
    std::string impersonate_user{};
    std::vector<std::string> impersonate_groups{};
    std::string current_namespace = "default";
};

/// The ServiceAccount that Kubernetes mounts into Pods. NotFound outside a cluster.
[[nodiscard]] Result<ClientConfig> in_cluster_config();

/// kubeconfig (client-go's file format): `context` empty = current-context. Supports token,
/// tokenFile, client certificate and key, CA as data or file, tls-server-name, impersonation. exec
/// plugins and insecure-skip-tls-verify are refused with the reason.
[[nodiscard]] Result<ClientConfig> load_kubeconfig(std::string const& path,
                                                   std::string const& context = {});

/// `kubeconfig` if not empty, else in-cluster, else $KUBECONFIG or ~/.kube/config.
[[nodiscard]] Result<ClientConfig> find_config(std::string const& kubeconfig);

}  // namespace rt::kube
