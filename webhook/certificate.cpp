#include "webhook/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

#include "lib/base/digest.hpp"
#include "lib/base/file.hpp"
#include "lib/base/log.hpp"
#include "lib/base/time.hpp"

namespace rt::webhook {
namespace {

/// A chain of a few certificates is some 10 KiB; a Secret can hold 1 MiB.
constexpr std::size_t file_bytes_max = std::size_t{1} * 1024 * 1024;

}  // namespace

std::optional<WallTime> certificate_expiry(std::string const& chain_pem) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const bio(
        BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())), BIO_free);
    std::unique_ptr<X509, decltype(&X509_free)> const certificate(
        bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
    std::tm parts{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) {
        return std::nullopt;
    }
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

CertificateReloader::CertificateReloader(std::string directory, std::string client_ca_file,
                                         Install install)
    : directory_(std::move(directory)),
      client_ca_file_(std::move(client_ca_file)),
      install_(std::move(install)) {}

Result<void> CertificateReloader::load() {
    http::ServingCertificate certificate;
    RT_TRY(certificate.certificate_chain_pem, read_file(directory_ + "/tls.crt", file_bytes_max));
    RT_TRY(certificate.private_key_pem, read_file(directory_ + "/tls.key", file_bytes_max));
    if (!client_ca_file_.empty()) {
        RT_TRY(certificate.client_ca_pem, read_file(client_ca_file_, file_bytes_max));
    }
    std::string digest = sha256_hex(certificate.certificate_chain_pem + '\n' +
                                    certificate.private_key_pem + '\n' + certificate.client_ca_pem);
    if (digest == digest_) {
        return {};
    }
    RT_CHECK(install_(certificate));
    digest_ = std::move(digest);
    expiry_ = certificate_expiry(certificate.certificate_chain_pem);
    log_info("serving certificate loaded",
             {{"expires", expiry_ ? format_rfc3339(*expiry_) : std::string("unknown")}});
    return {};
}

void CertificateReloader::poll() {
    std::lock_guard const lock(mutex_);
    auto const loaded = load();
    std::string trouble = loaded ? std::string() : loaded.error().message;
    if (trouble != trouble_ && !trouble.empty()) {
        log_warn("no new serving certificate", {{"error", trouble}});
    }
    trouble_ = std::move(trouble);
}

std::string CertificateReloader::not_ready(WallTime now) const {
    std::lock_guard const lock(mutex_);
    if (digest_.empty()) {
        return "no serving certificate: " + (trouble_.empty() ? directory_ : trouble_);
    }
    if (expiry_ && *expiry_ <= now) {
        return "the serving certificate expired at " + format_rfc3339(*expiry_);
    }
    return {};
}

std::optional<WallTime> CertificateReloader::expiry() const {
    std::lock_guard const lock(mutex_);
    return expiry_;
}

}  // namespace rt::webhook
