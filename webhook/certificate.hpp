#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/http/server.hpp"

namespace rt::webhook {

/// When the first certificate of a PEM chain expires; nullopt where it can't be read.
[[nodiscard]] std::optional<WallTime> certificate_expiry(std::string const& chain_pem);

/// Brings tls.crt and tls.key of a directory (a mounted kubernetes.io/tls Secret) into the server,
/// at the start and whenever they change. A pair that can't be used leaves the one in use.
/// Thread-safe.
class CertificateReloader {
  public:
    using Install = std::function<Result<void>(http::ServingCertificate const&)>;
    /// `client_ca_file`: certificates that clients must chain to; empty: clients need none.
    CertificateReloader(std::string directory, std::string client_ca_file, Install install);

    /// Looks whether the files have changed. The kubelet swaps a mounted Secret as a whole, but two
    /// reads can straddle that: such a pair doesn't match, is refused, and read again next time.
    void poll();
    /// Empty where a certificate is in use that has not expired at `now`.
    [[nodiscard]] std::string not_ready(WallTime now) const;
    [[nodiscard]] std::optional<WallTime> expiry() const;

  private:
    Result<void> load();

    std::string directory_;
    std::string client_ca_file_;
    Install install_;
    mutable std::mutex mutex_;
    std::string digest_{};   ///< of what is in use
    std::string trouble_{};  ///< of the last attempt
    std::optional<WallTime> expiry_{};
};

}  // namespace rt::webhook
