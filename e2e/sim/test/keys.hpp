#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <string>

namespace sim {

/// Writes a P-256 key, a self-signed certificate for it and, where asked for, its public half.
inline void write_certificate(std::string const& certificate_file, std::string const& key_file,
                              std::string const& public_key_file = {}) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* out = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    if (!public_key_file.empty()) {
        out = std::fopen(public_key_file.c_str(), "w");
        PEM_write_PUBKEY(out, key);
        std::fclose(out);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

}  // namespace sim
