#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/transport.hpp"
#include "lib/kube/client/config.hpp"
#include "lib/kube/client/exec_plugin.hpp"

namespace rt::kube {

/// Makes the transport for one set of TLS options; a test gives its own.
using TransportFactory =
    std::function<std::shared_ptr<http::Transport>(http::CurlTransportOptions options)>;

/// Who we are to the API server and whom we trust, as the files say it now. Tokens rotate about
/// hourly, CA and client certificates within months; all files are read again at most once a
/// minute, and at once after a 401. A file that cannot be read, or is empty, changes nothing: what
/// worked stays in use. Where an exec plugin says who we are, it is run at the start, when what it
/// said has expired, and after a 401. Thread-safe.
class Credentials {
  public:
    Credentials(ClientConfig config, TransportFactory factory, Clock& clock,
                std::optional<ExecPlugin> exec = std::nullopt);

    /// Reads everything once; the error names the file.
    [[nodiscard]] Result<void> load();
    /// For the next request. Calls in flight keep the transport they started with.
    [[nodiscard]] std::shared_ptr<http::Transport> transport();
    /// The bearer token; empty where the identity is a client certificate.
    [[nodiscard]] SecretString token();
    /// Called after a 401: reads the files again. True where anything changed, so that another
    /// attempt makes sense.
    [[nodiscard]] bool reload_after_refusal();

    [[nodiscard]] ClientConfig const& config() const { return config_; }

  private:
    struct TlsFiles {
        std::string ca;
        std::string certificate;
        SecretString key;
    };
    [[nodiscard]] Result<TlsFiles> read_tls_files() const;
    [[nodiscard]] Result<SecretString> read_token() const;
    /// All below hold mutex_.
    [[nodiscard]] Result<void> ask_plugin();
    void refresh_if_due();
    bool refresh();
    void rebuild_transport();

    ClientConfig const config_;
    TransportFactory const factory_;
    Clock& clock_;
    std::optional<ExecPlugin> const exec_;
    std::mutex mutex_;
    ExecCredential said_;  ///< by the plugin, if there is one
    TlsFiles tls_;
    SecretString token_;
    std::shared_ptr<http::Transport> transport_;
    SteadyTime read_at_{};
};

}  // namespace rt::kube
