#include "lib/http/trust_store.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace rt::http {
namespace {

constexpr char const* system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",    // Red Hat
};

}  // namespace

void TrustStoreFree::operator()(x509_store_st* store) const {
    X509_STORE_free(store);
}

Result<TrustStore> make_trust_store(std::string_view ca_pem, bool with_system) {
    TrustStore store(X509_STORE_new());
    std::unique_ptr<BIO, decltype(&BIO_free)> const source(
        BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())), &BIO_free);
    if (!store || !source) {
        return fail(internal_error("out of memory while reading CA certificates"));
    }
    if (with_system) {
        // OpenSSL's own paths (and SSL_CERT_FILE), then the bundle's usual places, since an image
        // may hold nothing but such a file. None at all is no error here: a connection that needs
        // one says so.
        X509_STORE_set_default_paths(store.get());
        for (char const* const bundle : system_bundles) {
            if (X509_STORE_load_file(store.get(), bundle) == 1) {
                break;
            }
        }
        ERR_clear_error();
    }
    // A certificate listed here ends a chain even if it is an intermediate one, as in Go's pools:
    // clusters hand out such CA files.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    int count = 0;
    while (X509* const certificate = PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)) {
        X509_STORE_add_cert(store.get(), certificate);
        X509_free(certificate);
        ++count;
    }
    unsigned long const last = ERR_peek_last_error();
    bool const at_end = last == 0 || ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!ca_pem.empty() && (count == 0 || !at_end)) {
        return fail(invalid_argument("CA certificates: PEM certificate " +
                                     std::to_string(count + 1) +
                                     " cannot be read; give a bundle of BEGIN CERTIFICATE blocks"));
    }
    return store;
}

}  // namespace rt::http
