#include "lib/kube/client/credentials.hpp"

#include "lib/base/file.hpp"
#include "lib/base/log.hpp"

namespace rt::kube {
namespace {

/// client-go reads the token file again after a minute, too.
constexpr std::chrono::seconds refresh_interval{60};
/// A bound token is about 1.5 KB; a header line over 64 KB would not pass any server.
constexpr std::size_t token_bytes_max = std::size_t{64} * 1024;
/// A CA bundle in rotation holds a few certificates of 2 KB.
constexpr std::size_t pem_bytes_max = std::size_t{1} * 1024 * 1024;
/// A page of 500 Pods has about 8 MB, one object at most 9 MB; more than this in one answer is a
/// missing page size.
constexpr std::size_t body_bytes_max = std::size_t{64} * 1024 * 1024;

Result<std::string> read_pem(std::string const& inline_pem, std::string const& path) {
    if (!inline_pem.empty() || path.empty()) {
        return inline_pem;
    }
    RT_TRY(auto pem, read_file(path, pem_bytes_max));
    if (pem.empty()) {
        return fail(invalid_argument(path + " is empty"));
    }
    return pem;
}

}  // namespace

Credentials::Credentials(ClientConfig config, TransportFactory factory, Clock& clock,
                         std::optional<ExecPlugin> exec)
    : config_(std::move(config)),
      factory_(std::move(factory)),
      clock_(clock),
      exec_(std::move(exec)) {}

Result<void> Credentials::load() {
    std::lock_guard const lock(mutex_);
    RT_CHECK(ask_plugin());
    RT_TRY(tls_, read_tls_files());
    RT_TRY(token_, read_token());
    read_at_ = clock_.steady_now();
    rebuild_transport();
    return {};
}

std::shared_ptr<http::Transport> Credentials::transport() {
    std::lock_guard const lock(mutex_);
    refresh_if_due();
    return transport_;
}

SecretString Credentials::token() {
    std::lock_guard const lock(mutex_);
    refresh_if_due();
    return token_.clone();
}

bool Credentials::reload_after_refusal() {
    std::lock_guard const lock(mutex_);
    return refresh();
}

Result<void> Credentials::ask_plugin() {
    if (exec_) {
        RT_TRY(auto const ca_pem, read_pem(config_.ca_pem, config_.ca_file));
        RT_TRY(said_, run_exec_plugin(*exec_, config_, ca_pem));
    }
    return {};
}

Result<Credentials::TlsFiles> Credentials::read_tls_files() const {
    TlsFiles files;
    RT_TRY(files.ca, read_pem(config_.ca_pem, config_.ca_file));
    if (exec_) {
        files.certificate = said_.client_certificate_pem;
        files.key = said_.client_key_pem.clone();
        return files;
    }
    RT_TRY(files.certificate,
           read_pem(config_.client_certificate_pem, config_.client_certificate_file));
    if (!config_.client_key_pem.empty()) {
        files.key = config_.client_key_pem.clone();
    } else if (!config_.client_key_file.empty()) {
        RT_TRY(auto const key, read_file(config_.client_key_file, pem_bytes_max));
        files.key = SecretString(key);
    }
    return files;
}

Result<SecretString> Credentials::read_token() const {
    if (exec_) {
        return said_.token.clone();
    }
    if (config_.token_file.empty()) {
        return config_.token.clone();
    }
    RT_TRY(auto const text, read_file(config_.token_file, token_bytes_max));
    auto const end = text.find_last_not_of(" \t\r\n");
    if (end == std::string::npos) {
        return fail(invalid_argument(config_.token_file + " is empty"));
    }
    return SecretString(std::string_view(text).substr(0, end + 1));
}

void Credentials::refresh_if_due() {
    bool const due = exec_ ? said_.expires_at && *said_.expires_at <= clock_.wall_now()
                           : clock_.steady_now() - read_at_ >= refresh_interval;
    if (due) {
        refresh();
    }
}

bool Credentials::refresh() {
    read_at_ = clock_.steady_now();
    bool changed = false;
    if (auto const asked = ask_plugin(); !asked) {
        log_warn("asking the exec plugin again failed; what it said before stays in use",
                 {{"reason", asked.error().message}});
        return false;
    }
    if (auto token = read_token(); !token) {
        log_warn("reading the API server token again failed; the one in use stays",
                 {{"reason", token.error().message}});
    } else if (!token->equals(token_)) {
        token_ = *std::move(token);
        changed = true;
    }
    auto files = read_tls_files();
    if (!files) {
        log_warn("reading the API server certificates again failed; those in use stay",
                 {{"reason", files.error().message}});
        return changed;
    }
    bool const same = files->ca == tls_.ca && files->certificate == tls_.certificate &&
                      files->key.equals(tls_.key);
    if (same) {
        return changed;
    }
    tls_ = *std::move(files);
    rebuild_transport();
    return true;
}

void Credentials::rebuild_transport() {
    http::CurlTransportOptions options;
    options.tls.ca_pem = tls_.ca;
    // A cluster's CA is private: with it given, nothing else may vouch for the API server.
    options.tls.use_system_cas = tls_.ca.empty();
    options.tls.client_certificate_pem = tls_.certificate;
    options.tls.client_key_pem = tls_.key.clone();
    options.tls.server_name = config_.tls_server_name;
    if (config_.proxy) {
        options.proxy = http::Proxy{config_.proxy->url.clone(), config_.proxy->authority,
                                    config_.proxy->exceptions};
    }
    options.body_bytes_max = body_bytes_max;
    transport_ = factory_(std::move(options));
}

}  // namespace rt::kube
