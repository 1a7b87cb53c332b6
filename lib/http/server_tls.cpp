#include "lib/http/server_tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "lib/http/trust_store.hpp"

namespace rt::http {
namespace {

/// TLS 1.2 suites; with elliptic-curve key exchange and AEAD only. TLS 1.3 has no weak ones to
/// exclude.
constexpr char const* cipher_list =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio reader_of(std::string const& pem) {
    return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

/// Picks http/1.1 where the client offers it; a client that offers only other protocols is refused,
/// because answering HTTP/1.1 to one that expects HTTP/2 would only confuse it later.
int choose_protocol(SSL*, unsigned char const** out, unsigned char* out_size,
                    unsigned char const* offered, unsigned int offered_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    int const outcome =
        SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, offered, offered_size);
    *out = chosen;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Result<void> use_chain(SSL_CTX* context, std::string const& pem) {
    Bio const source = reader_of(pem);
    Certificate const leaf(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        return fail(invalid_argument(
            "serving certificate: no usable BEGIN CERTIFICATE block in the certificate chain"));
    }
    while (X509* const next = PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)) {
        if (SSL_CTX_add0_chain_cert(context, next) != 1) {
            X509_free(next);
            return fail(invalid_argument("serving certificate: its chain cannot be used"));
        }
    }
    return {};
}

Result<void> use_key(SSL_CTX* context, std::string const& pem) {
    Bio const source = reader_of(pem);
    // Refuses to ask for a passphrase on the terminal: an encrypted key is an error.
    auto const no_passphrase = [](char*, int, int, void*) { return -1; };
    Key const key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr),
                  &EVP_PKEY_free);
    if (!key) {
        return fail(invalid_argument(
            "serving certificate: the private key is no unencrypted PEM private key"));
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return fail(invalid_argument(
            "serving certificate: the private key belongs to another certificate"));
    }
    return {};
}

Result<void> demand_client_certificate(SSL_CTX* context, std::string const& ca_pem) {
    auto store = make_trust_store(ca_pem, false);
    if (!store) {
        return fail(store.error().with_context("client CA"));
    }
    SSL_CTX_set_cert_store(context, store->release());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // The names of acceptable CAs let clients with several certificates choose (RFC 8446, 4.2.4).
    Bio const source = reader_of(ca_pem);
    while (X509* const authority = PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)) {
        SSL_CTX_add_client_CA(context, authority);
        X509_free(authority);
    }
    return {};
}

Result<TlsContext> build(ServingCertificate const& certificate) {
    TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX* const raw = context.get();
    bool const configured = raw != nullptr &&
                            SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
                            SSL_CTX_set_cipher_list(raw, cipher_list) == 1 &&
                            SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") == 1 &&
                            SSL_CTX_set_num_tickets(raw, 0) == 1;
    if (!configured) {
        return fail(internal_error("OpenSSL refuses the TLS settings of this server"));
    }
    // Tickets cost a quarter of a handshake and the API server never resumes.
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(raw, 1);
    SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
    RT_CHECK(use_chain(raw, certificate.certificate_chain_pem));
    RT_CHECK(use_key(raw, certificate.private_key_pem));
    if (!certificate.client_ca_pem.empty()) {
        RT_CHECK(demand_client_certificate(raw, certificate.client_ca_pem));
    }
    return context;
}

}  // namespace

Result<TlsContext> make_server_context(ServingCertificate const& certificate) {
    ERR_clear_error();
    auto context = build(certificate);
    ERR_clear_error();  // a reader's "no more blocks" must not meet an unrelated call later
    return context;
}

std::string verified_common_name(ssl_st* session) {
    if (SSL_get_verify_mode(session) == SSL_VERIFY_NONE ||
        SSL_get_verify_result(session) != X509_V_OK) {
        return {};
    }
    Certificate const peer(SSL_get1_peer_certificate(session), &X509_free);
    if (!peer) {
        return {};
    }
    X509_NAME const* const subject = X509_get_subject_name(peer.get());
    int const index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) {
        return {};
    }
    unsigned char* utf8 = nullptr;
    int const size =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (size < 0) {
        return {};
    }
    std::string name(reinterpret_cast<char const*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return name;
}

}  // namespace rt::http
