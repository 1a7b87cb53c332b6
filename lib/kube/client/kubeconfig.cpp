#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "lib/base/digest.hpp"
#include "lib/base/file.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/client/config.hpp"

namespace rt::kube {
namespace {

/// kubeconfigs with many clusters are tens of kilobytes; a megabyte is not one.
constexpr std::size_t kubeconfig_bytes_max = std::size_t{1} * 1024 * 1024;

/// What is wrong with the file, carried out of yaml-cpp's nested look-ups to load_kubeconfig.
struct Refused {
    std::string message;
};

std::string text_at(YAML::Node const& node, char const* key) {
    if (!node.IsMap()) {
        return {};
    }
    YAML::Node const value = node[key];
    if (!value || value.IsNull()) {
        return {};
    }
    if (!value.IsScalar()) {
        throw Refused{std::string(key) + " must be a string"};
    }
    return value.Scalar();
}

bool true_at(YAML::Node const& node, char const* key) {
    std::string const text = to_lower_ascii(text_at(node, key));
    return !text.empty() && text != "false";
}

/// The `inner` part of the entry with that name in `list` ("clusters", "users", "contexts").
YAML::Node named(YAML::Node const& root, char const* list, std::string const& name,
                 char const* inner) {
    if (YAML::Node const entries = root[list]; entries && entries.IsSequence()) {
        for (auto const& entry : entries) {
            if (text_at(entry, "name") == name) {
                YAML::Node const found = entry[inner];
                return found ? found : YAML::Node(YAML::NodeType::Map);
            }
        }
    }
    throw Refused{std::string(list) + " has no entry named \"" + printable(name, 200) + "\""};
}

class Reader {
  public:
    explicit Reader(std::string const& path)
        : folder_(std::filesystem::absolute(path).parent_path()) {}

    ClientConfig read(YAML::Node const& root, std::string context_name) const {
        if (!root.IsMap()) {
            throw Refused{"not a kubeconfig: must be a YAML map with clusters, users and contexts"};
        }
        if (context_name.empty()) {
            context_name = text_at(root, "current-context");
        }
        if (context_name.empty()) {
            throw Refused{"current-context is not set; name a context"};
        }
        YAML::Node const context = named(root, "contexts", context_name, "context");
        ClientConfig config;
        read_cluster(named(root, "clusters", text_at(context, "cluster"), "cluster"), config);
        if (std::string const user = text_at(context, "user"); !user.empty()) {
            read_user(named(root, "users", user, "user"), config);
        }
        if (std::string ns = text_at(context, "namespace"); !ns.empty()) {
            config.current_namespace = std::move(ns);
        }
        return config;
    }

  private:
    void read_cluster(YAML::Node const& cluster, ClientConfig& config) const {
        config.server = text_at(cluster, "server");
        while (config.server.ends_with('/')) {
            config.server.pop_back();
        }
        if (!config.server.starts_with("https://")) {
            throw Refused{"cluster.server \"" + printable(config.server, 200) +
                          "\" must start with https://"};
        }
        if (true_at(cluster, "insecure-skip-tls-verify")) {
            throw Refused{
                "cluster.insecure-skip-tls-verify is refused: credentials would go to "
                "whoever answers; give certificate-authority-data instead"};
        }
        if (!text_at(cluster, "proxy-url").empty()) {
            throw Refused{"cluster.proxy-url is not supported"};
        }
        config.tls_server_name = text_at(cluster, "tls-server-name");
        config.ca_pem = data_at(cluster, "certificate-authority-data");
        if (config.ca_pem.empty()) {
            config.ca_file = path_at(cluster, "certificate-authority");
        }
    }

    void read_user(YAML::Node const& user, ClientConfig& config) const {
        if (user["exec"] || user["auth-provider"]) {
            throw Refused{
                "user.exec and user.auth-provider are not supported: they run other "
                "programs; use token, tokenFile or a client certificate (for example of a "
                "ServiceAccount: kubectl create token)"};
        }
        if (!text_at(user, "username").empty() || !text_at(user, "password").empty()) {
            throw Refused{
                "user.username and user.password are not supported: API servers have had "
                "no basic authentication since Kubernetes 1.19"};
        }
        // As in client-go: the file wins over the inline token, data wins over files.
        config.token_file = path_at(user, "tokenFile");
        if (config.token_file.empty()) {
            config.token = SecretString(text_at(user, "token"));
        }
        config.client_certificate_pem = data_at(user, "client-certificate-data");
        if (config.client_certificate_pem.empty()) {
            config.client_certificate_file = path_at(user, "client-certificate");
        }
        config.client_key_pem = SecretString(data_at(user, "client-key-data"));
        if (config.client_key_pem.empty()) {
            config.client_key_file = path_at(user, "client-key");
        }
        bool const certificate =
            !config.client_certificate_pem.empty() || !config.client_certificate_file.empty();
        bool const key = !config.client_key_pem.empty() || !config.client_key_file.empty();
        if (certificate != key) {
            throw Refused{"user.client-certificate and user.client-key must both be given"};
        }
        config.impersonate_user = text_at(user, "as");
        if (YAML::Node const groups = user["as-groups"]; groups && groups.IsSequence()) {
            for (auto const& group : groups) {
                config.impersonate_groups.push_back(group.Scalar());
            }
        }
        if (config.impersonate_user.empty() && !config.impersonate_groups.empty()) {
            throw Refused{"user.as-groups needs user.as"};
        }
    }

    /// Paths are relative to the kubeconfig, not to where we run.
    std::string path_at(YAML::Node const& node, char const* key) const {
        std::string const text = text_at(node, key);
        return text.empty() ? text : (folder_ / text).lexically_normal().string();
    }

    static std::string data_at(YAML::Node const& node, char const* key) {
        auto decoded = base64_decode(text_at(node, key));
        if (!decoded) {
            throw Refused{std::string(key) + " is not base64"};
        }
        return *std::move(decoded);
    }

    std::filesystem::path folder_;
};

}  // namespace

Result<ClientConfig> load_kubeconfig(std::string const& path, std::string const& context) {
    RT_TRY(auto const text, read_file(path, kubeconfig_bytes_max));
    try {
        return Reader(path).read(YAML::Load(text), context);
    } catch (Refused const& refused) {
        return fail(invalid_argument(path + ": " + refused.message));
    } catch (YAML::Exception const& exception) {
        // The exception's own text may quote the line, which may hold a token.
        return fail(invalid_argument(path + ": not valid YAML near line " +
                                     std::to_string(exception.mark.line + 1)));
    } catch (std::filesystem::filesystem_error const&) {
        return fail(Error{ErrorKind::Unavailable, path + ": its folder cannot be resolved"});
    }
}

}  // namespace rt::kube
