#include "lib/kube/client/config.hpp"

#include <algorithm>
#include <filesystem>

#include "lib/base/environment.hpp"
#include "lib/base/file.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/client/exec_plugin.hpp"

namespace rt::kube {
namespace {

constexpr char service_account_folder[] = "/var/run/secrets/kubernetes.io/serviceaccount/";
/// A namespace name has at most 63 bytes; a trailing newline is tolerated.
constexpr std::size_t namespace_file_bytes_max = 256;

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.pop_back();
    }
    return text;
}

/// $KUBECONFIG's files, else ~/.kube/config; whether they exist or not.
Result<std::vector<std::string>> user_kubeconfigs() {
    std::vector<std::string> paths;
    std::string const variable = environment_variable("KUBECONFIG");
    for (std::string_view const path : split(variable, ':')) {
        if (!path.empty()) {
            paths.emplace_back(path);
        }
    }
    if (!paths.empty()) {
        return paths;
    }
    std::string const home = environment_variable("HOME");
    if (home.empty()) {
        return fail(Error{ErrorKind::NotFound,
                          "no cluster to talk to: not in a Pod, and neither --kubeconfig, "
                          "KUBECONFIG nor HOME is set"});
    }
    paths.push_back(home + "/.kube/config");
    return paths;
}

}  // namespace

Result<ClientConfig> in_cluster_config() {
    std::string const host = environment_variable("KUBERNETES_SERVICE_HOST");
    std::string const port = environment_variable("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty()) {
        return fail(Error{ErrorKind::NotFound,
                          "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT "
                          "are not set; name a kubeconfig file with --kubeconfig"});
    }
    ClientConfig config;
    bool const ipv6 = host.find(':') != std::string::npos;
    config.server = "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port;
    std::string const folder = service_account_folder;
    config.ca_file = folder + "ca.crt";
    config.token_file = folder + "token";
    RT_TRY(auto ns, read_file(folder + "namespace", namespace_file_bytes_max));
    config.current_namespace = trimmed(std::move(ns));
    return config;
}

Result<ClientConfig> find_config(std::string const& kubeconfig) {
    if (!kubeconfig.empty()) {
        return load_kubeconfig(kubeconfig);
    }
    if (auto config = in_cluster_config();
        config || config.error().kind != ErrorKind::NotFound ||
        !environment_variable("KUBERNETES_SERVICE_HOST").empty()) {
        // In a Pod, a missing token is an error to show, not a reason to look elsewhere.
        return config;
    }
    RT_TRY(auto paths, user_kubeconfigs());
    return load_kubeconfig(KubeconfigOptions{std::move(paths)});
}

Result<UserConfig> find_user(KubeconfigOptions options) {
    if (options.paths.empty()) {
        RT_TRY(options.paths, user_kubeconfigs());
        bool const any =
            std::any_of(options.paths.begin(), options.paths.end(), [](std::string const& path) {
                std::error_code error;
                return std::filesystem::exists(path, error);
            });
        bool const in_pod = !environment_variable("KUBERNETES_SERVICE_HOST").empty();
        bool const chosen =
            !options.context.empty() || !options.cluster.empty() || !options.user.empty();
        if (!any && in_pod && !chosen) {
            RT_TRY(auto config, in_cluster_config());
            return UserConfig{std::move(config)};
        }
    }
    return load_user_kubeconfig(options);
}

}  // namespace rt::kube
