#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "lib/base/digest.hpp"
#include "lib/base/file.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/client/config.hpp"
#include "lib/kube/client/exec_plugin.hpp"

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

/// One of the files that make up the configuration.
struct File {
    YAML::Node root;
    std::filesystem::path folder;  ///< paths in the file are relative to it
};

/// An entry with the file that it stands in.
struct Entry {
    YAML::Node node{YAML::NodeType::Map};
    std::filesystem::path folder;
};

class Reader {
  public:
    explicit Reader(std::vector<File> files) : files_(std::move(files)) {}

    UserConfig read(KubeconfigOptions const& options) const {
        std::string context_name = options.context;
        for (File const& file : files_) {
            if (!file.root.IsMap()) {
                throw Refused{
                    "not a kubeconfig: must be a YAML map with clusters, users and contexts"};
            }
            if (context_name.empty()) {
                context_name = text_at(file.root, "current-context");
            }
        }
        YAML::Node context(YAML::NodeType::Map);
        if (!context_name.empty()) {
            context = named("contexts", context_name, "context").node;
        } else if (options.cluster.empty()) {
            throw Refused{"current-context is not set; name a context"};
        }
        std::string const cluster =
            options.cluster.empty() ? text_at(context, "cluster") : options.cluster;
        std::string const user = options.user.empty() ? text_at(context, "user") : options.user;
        UserConfig result;
        ClientConfig& config = result.config;
        read_cluster(named("clusters", cluster, "cluster"), config);
        if (!user.empty()) {
            read_user(named("users", user, "user"), result);
        }
        if (std::string ns = text_at(context, "namespace"); !ns.empty()) {
            config.current_namespace = std::move(ns);
        }
        return result;
    }

  private:
    /// The `inner` part of the first entry with that name in `list` ("clusters", "users",
    /// "contexts").
    Entry named(char const* list, std::string const& name, char const* inner) const {
        for (File const& file : files_) {
            YAML::Node const entries = file.root[list];
            if (!entries || !entries.IsSequence()) {
                continue;
            }
            for (auto const& entry : entries) {
                if (text_at(entry, "name") == name) {
                    YAML::Node const found = entry[inner];
                    return {found ? found : YAML::Node(YAML::NodeType::Map), file.folder};
                }
            }
        }
        throw Refused{std::string(list) + " has no entry named \"" + printable(name, 200) + "\""};
    }

    static void read_cluster(Entry const& entry, ClientConfig& config) {
        YAML::Node const& cluster = entry.node;
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
        if (auto const url = text_at(cluster, "proxy-url"); !url.empty()) {
            auto proxy = http::parse_proxy("cluster.proxy-url", url);
            if (!proxy) {
                throw Refused{proxy.error().message};
            }
            config.proxy = *std::move(proxy);
        }
        config.tls_server_name = text_at(cluster, "tls-server-name");
        config.ca_pem = data_at(cluster, "certificate-authority-data");
        if (config.ca_pem.empty()) {
            config.ca_file = path_at(entry, "certificate-authority");
        }
    }

    static void read_user(Entry const& entry, UserConfig& result) {
        YAML::Node const& user = entry.node;
        ClientConfig& config = result.config;
        if (user["auth-provider"]) {
            throw Refused{
                "user.auth-provider is not supported: Kubernetes has removed it; use an exec "
                "plugin "
                "of your cloud, token or a client certificate"};
        }
        if (!text_at(user, "username").empty() || !text_at(user, "password").empty()) {
            throw Refused{
                "user.username and user.password are not supported: API servers have had "
                "no basic authentication since Kubernetes 1.19"};
        }
        // As in client-go: the file wins over the inline token, data wins over files.
        config.token_file = path_at(entry, "tokenFile");
        if (config.token_file.empty()) {
            config.token = SecretString(text_at(user, "token"));
        }
        config.client_certificate_pem = data_at(user, "client-certificate-data");
        if (config.client_certificate_pem.empty()) {
            config.client_certificate_file = path_at(entry, "client-certificate");
        }
        config.client_key_pem = SecretString(data_at(user, "client-key-data"));
        if (config.client_key_pem.empty()) {
            config.client_key_file = path_at(entry, "client-key");
        }
        bool const certificate =
            !config.client_certificate_pem.empty() || !config.client_certificate_file.empty();
        bool const key = !config.client_key_pem.empty() || !config.client_key_file.empty();
        if (certificate != key) {
            throw Refused{"user.client-certificate and user.client-key must both be given"};
        }
        bool const token = !config.token.empty() || !config.token_file.empty();
        // As in client-go: what the file itself gives wins, and the plugin is not asked.
        if (YAML::Node const exec = user["exec"]; exec && !token && !certificate) {
            result.exec = exec_plugin({exec, entry.folder});
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

    static ExecPlugin exec_plugin(Entry const& entry) {
        YAML::Node const& exec = entry.node;
        ExecPlugin plugin;
        plugin.api_version = text_at(exec, "apiVersion");
        bool const v1 = plugin.api_version == "client.authentication.k8s.io/v1";
        if (!v1 && plugin.api_version != "client.authentication.k8s.io/v1beta1") {
            throw Refused{"user.exec.apiVersion \"" + printable(plugin.api_version, 100) +
                          "\" is not supported: have your cloud's command line write the "
                          "kubeconfig again, with client.authentication.k8s.io/v1"};
        }
        plugin.command = text_at(exec, "command");
        if (plugin.command.empty()) {
            throw Refused{"user.exec.command is missing: name the plugin's program"};
        }
        if (plugin.command.find('/') != std::string::npos) {
            plugin.command = path_at(entry, "command");
        }
        for (auto const& argument : list_at(exec, "args")) {
            plugin.arguments.push_back(argument.Scalar());
        }
        for (auto const& variable : list_at(exec, "env")) {
            std::string const name = text_at(variable, "name");
            if (name.empty() || name.find('=') != std::string::npos) {
                throw Refused{"user.exec.env has an entry without a usable name"};
            }
            plugin.environment.emplace_back(name, text_at(variable, "value"));
        }
        plugin.install_hint = text_at(exec, "installHint");
        plugin.provide_cluster_info = true_at(exec, "provideClusterInfo");
        plugin.interactive = interactive_mode(text_at(exec, "interactiveMode"), v1);
        return plugin;
    }

    static ExecPlugin::Interactive interactive_mode(std::string const& text, bool required) {
        if (text == "Never") {
            return ExecPlugin::Interactive::Never;
        }
        if (text == "Always") {
            return ExecPlugin::Interactive::Always;
        }
        if (text == "IfAvailable" || (text.empty() && !required)) {
            return ExecPlugin::Interactive::IfAvailable;
        }
        throw Refused{"user.exec.interactiveMode \"" + printable(text, 100) +
                      "\" must be Never, IfAvailable or Always"};
    }

    static YAML::Node list_at(YAML::Node const& node, char const* key) {
        YAML::Node const list = node[key];
        if (!list || list.IsNull()) {
            return YAML::Node(YAML::NodeType::Sequence);
        }
        if (!list.IsSequence()) {
            throw Refused{std::string("user.exec.") + key + " must be a list"};
        }
        return list;
    }

    /// Paths are relative to the kubeconfig, not to where we run.
    static std::string path_at(Entry const& entry, char const* key) {
        std::string const text = text_at(entry.node, key);
        return text.empty() ? text : (entry.folder / text).lexically_normal().string();
    }

    static std::string data_at(YAML::Node const& node, char const* key) {
        auto decoded = base64_decode(text_at(node, key));
        if (!decoded) {
            throw Refused{std::string(key) + " is not base64"};
        }
        return *std::move(decoded);
    }

    std::vector<File> files_;
};

}  // namespace

Result<UserConfig> load_user_kubeconfig(KubeconfigOptions const& options) {
    std::vector<KubeconfigText> texts;
    for (std::string const& path : options.paths) {
        auto text = read_file(path, kubeconfig_bytes_max);
        if (!text) {
            bool const more = &path != &options.paths.back() || !texts.empty();
            if (text.error().kind == ErrorKind::NotFound && more) {
                continue;
            }
            return fail(text.error());
        }
        texts.push_back({path, *std::move(text)});
    }
    return parse_user_kubeconfig(texts, options);
}

Result<ClientConfig> load_kubeconfig(KubeconfigOptions const& options) {
    RT_TRY(auto user, load_user_kubeconfig(options));
    RT_CHECK(refuse_exec(user));
    return std::move(user.config);
}

Result<ClientConfig> parse_kubeconfig(std::vector<KubeconfigText> const& texts,
                                      KubeconfigOptions const& options) {
    RT_TRY(auto user, parse_user_kubeconfig(texts, options));
    RT_CHECK(refuse_exec(user));
    return std::move(user.config);
}

Result<void> refuse_exec(UserConfig const& user) {
    if (user.exec) {
        return fail(invalid_argument(
            "the kubeconfig's user.exec is not supported here: it runs other programs; use token, "
            "tokenFile or a client certificate (for example of a ServiceAccount: kubectl create "
            "token)"));
    }
    return {};
}

Result<UserConfig> parse_user_kubeconfig(std::vector<KubeconfigText> const& texts,
                                         KubeconfigOptions const& options) {
    std::vector<File> files;
    std::string reading;
    try {
        for (auto const& [path, text] : texts) {
            reading = path;
            files.push_back({YAML::Load(text), std::filesystem::absolute(path).parent_path()});
        }
        reading = join(options.paths, ":");
        return Reader(std::move(files)).read(options);
    } catch (Refused const& refused) {
        return fail(invalid_argument(reading + ": " + refused.message));
    } catch (YAML::Exception const& exception) {
        // The exception's own text may quote the line, which may hold a token.
        return fail(invalid_argument(reading + ": not valid YAML near line " +
                                     std::to_string(exception.mark.line + 1)));
    } catch (std::filesystem::filesystem_error const&) {
        return fail(Error{ErrorKind::Unavailable, reading + ": its folder cannot be resolved"});
    }
}

Result<ClientConfig> load_kubeconfig(std::string const& path, std::string const& context) {
    return load_kubeconfig(KubeconfigOptions{{path}, context});
}

}  // namespace rt::kube
