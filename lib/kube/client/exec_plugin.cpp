#include "lib/kube/client/exec_plugin.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/subprocess.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

/// Without a person it asks a service or a file.
constexpr std::chrono::minutes time_max{1};
/// A person looks for a second factor.
constexpr std::chrono::minutes time_to_ask_max{5};
/// A token has some kilobytes, a certificate chain with its key some ten.
constexpr std::size_t output_bytes_max = std::size_t{1} * 1024 * 1024;

std::string named(ExecPlugin const& plugin) {
    return "the kubeconfig's exec plugin " + printable(plugin.command, 200);
}

std::string with_hint(ExecPlugin const& plugin, std::string message) {
    return plugin.install_hint.empty() ? message
                                       : message + "\n" + printable(plugin.install_hint, 1024);
}

std::string exec_info(ExecPlugin const& plugin, ClientConfig const& config,
                      std::string const& ca_pem, bool interactive) {
    Json info{{"apiVersion", plugin.api_version},
              {"kind", "ExecCredential"},
              {"spec", {{"interactive", interactive}}}};
    if (plugin.provide_cluster_info) {
        Json cluster{{"server", config.server}};
        if (!config.tls_server_name.empty()) {
            cluster["tls-server-name"] = config.tls_server_name;
        }
        if (!ca_pem.empty()) {
            cluster["certificate-authority-data"] = base64_encode(ca_pem);
        }
        info["spec"]["cluster"] = std::move(cluster);
    }
    return dump_json(info);
}

Error not_understood(std::string const& why) {
    return Error{ErrorKind::Corrupt, why +
                                         "; update it, or have your cloud's command line write "
                                         "the kubeconfig again"};
}

}  // namespace

Result<ExecCredential> parse_exec_credential(std::string_view text, std::string_view api_version) {
    // The parser's own message would quote what may be a token.
    auto const parsed = parse_json(text, {.bytes_max = output_bytes_max});
    if (!parsed || string_at(*parsed, "kind") != "ExecCredential") {
        return fail(not_understood("wrote no ExecCredential"));
    }
    if (string_at(*parsed, "apiVersion") != api_version) {
        return fail(not_understood("answered with apiVersion \"" +
                                   printable(string_at(*parsed, "apiVersion"), 100) +
                                   "\" though the kubeconfig says " + printable(api_version, 100)));
    }
    Json const* const status = find(*parsed, "status");
    ExecCredential credential;
    std::string end;
    if (status != nullptr) {
        credential.token = SecretString(string_at(*status, "token"));
        credential.client_certificate_pem = string_at(*status, "clientCertificateData");
        credential.client_key_pem = SecretString(string_at(*status, "clientKeyData"));
        end = string_at(*status, "expirationTimestamp");
    }
    bool const certificate = !credential.client_certificate_pem.empty();
    if (certificate == credential.client_key_pem.empty()) {
        return fail(not_understood("gave only one of client certificate and key"));
    }
    if (!certificate && credential.token.empty()) {
        return fail(not_understood("gave neither a token nor a client certificate"));
    }
    if (!end.empty()) {
        auto const time = parse_rfc3339(end);
        if (!time) {
            return fail(not_understood("gave an expirationTimestamp that is no time"));
        }
        credential.expires_at = *time;
    }
    return credential;
}

Result<ExecCredential> run_exec_plugin(ExecPlugin const& plugin, ClientConfig const& config,
                                       std::string const& ca_pem) {
    bool const terminal = isatty(STDIN_FILENO) == 1;
    if (plugin.interactive == ExecPlugin::Interactive::Always && !terminal) {
        return fail(Error{ErrorKind::Unauthenticated,
                          named(plugin) + " must ask you something (interactiveMode: Always), and "
                                          "there is no terminal: run this in one"});
    }
    Subprocess program;
    program.arguments = plugin.arguments;
    program.arguments.insert(program.arguments.begin(), plugin.command);
    program.environment = plugin.environment;
    program.may_ask = terminal && plugin.interactive != ExecPlugin::Interactive::Never;
    program.environment.emplace_back("KUBERNETES_EXEC_INFO",
                                     exec_info(plugin, config, ca_pem, program.may_ask));
    program.time_max = program.may_ask ? time_to_ask_max : time_max;
    program.output_bytes_max = output_bytes_max;
    auto const result = run_subprocess(program);
    if (!result) {
        Error error = result.error();
        error.message = with_hint(plugin, named(plugin) + ": " + error.message);
        return fail(std::move(error));
    }
    if (result->status != 0) {
        return fail(Error{
            ErrorKind::Unauthenticated,
            with_hint(plugin, named(plugin) + " ended with " + std::to_string(result->status) +
                                  ": see its message above; mostly you must log in "
                                  "again")});
    }
    auto credential = parse_exec_credential(result->output, plugin.api_version);
    if (!credential) {
        Error error = credential.error();
        error.message = named(plugin) + ' ' + error.message;
        return fail(std::move(error));
    }
    return credential;
}

}  // namespace rt::kube
